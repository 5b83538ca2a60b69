import { CAPABILITIES } from "./capability-configs.ts";
import { hostOf, toDestination } from "./destination.ts";
import { isCapability, type Declaration, type KitCapability } from "./kit.ts";
import type { KitPath, KitSource } from "./kit-source.ts";

/**
 * What one configuration alone cannot tell: each type as often as it may stand, host patterns that mean something, and
 * credentials that go only where the same Kit may go.
 *
 * @throws AppError `KIT_INVALID`
 */
export function checkDeclarations(source: KitSource, declarations: readonly Declaration[]): void {
  const seen = new Map<string, string>();
  const members = declarations.flatMap((declaration, index) => declaration.members.map((member, place) => ({ member, at: atOf(member, index, place) })));
  for (const { member, at } of members) {
    for (const key of keysOf(member)) {
      const before = seen.get(key);
      if (before !== undefined) throw source.refuse(at, `${member.type} stands twice${key === member.type ? "" : ` for the same ${key.slice(member.type.length + 1)}`}; first as ${before}`);
      seen.set(key, member.path);
    }
    checkHosts(source, member, at);
  }
  for (const { member, at } of members)
    checkInjection(
      source,
      members.map(({ member: other }) => other),
      { member, at },
    );
}

function atOf(member: KitCapability, index: number, place: number): KitPath {
  return member.path.includes(".group.") ? ["capabilities", index, "group", "capabilities", place] : ["capabilities", index];
}

/** What may stand once only. */
function keysOf(capability: KitCapability): readonly string[] {
  if (!capability.known) return [`${capability.type} configuration ${JSON.stringify(capability.config ?? null)}`];
  if (CAPABILITIES[capability.type].arity === "singleton") return [capability.type];
  if (isCapability(capability, "com.docker.sandbox/credential@1")) {
    const { service, phase } = capability.config;
    return [phase].flat().map((one) => `${capability.type} service and phase ${service}, ${one}`);
  }
  if (isCapability(capability, "com.docker.sandbox/volume@1")) return [`${capability.type} path ${cleanPath(capability.config.path)}`];
  if (isCapability(capability, "com.docker.sandbox/agent-context@1")) return [`${capability.type} directory and filename ${capability.config.directory ?? ""}, ${capability.config.filename ?? ""}`];
  return [];
}

/** An absolute path without doubled slashes, `.` and `..`. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function checkHosts(source: KitSource, capability: KitCapability, at: KitPath): void {
  const check = (pattern: string, path: KitPath): void => {
    const result = toDestination(pattern);
    if ("why" in result) throw source.refuse([...at, "config", ...path], `"${pattern}" is no host pattern: ${result.why}`);
  };
  if (isCapability(capability, "com.docker.sandbox/network-policy@1")) {
    for (const phase of ["install", "runtime"] as const) {
      for (const list of ["allow", "deny"] as const)
        capability.config[phase]?.[list].forEach((pattern, index) => {
          check(pattern, [phase, list, index]);
        });
    }
  }
  if (isCapability(capability, "dev.sbx/agent@1"))
    capability.config.telemetryHosts.forEach((pattern, index) => {
      check(pattern, ["telemetryHosts", index]);
    });
}

function checkInjection(source: KitSource, all: readonly KitCapability[], { member, at }: { readonly member: KitCapability; readonly at: KitPath }): void {
  if (!isCapability(member, "com.docker.sandbox/credential@1")) return;
  const network = all.find((capability) => isCapability(capability, "com.docker.sandbox/network-policy@1"));
  for (const phase of [member.config.phase].flat()) {
    const allowed = new Set((network?.config[phase]?.allow ?? []).map(hostOf));
    (member.config.apiKey?.inject ?? []).forEach(({ domain }, index) => {
      if (allowed.has(hostOf(domain)) || allowed.has("*") || allowed.has("**")) return;
      throw source.refuse([...at, "config", "apiKey", "inject", index, "domain"], `the key would go to "${domain}", which the ${phase} network policy does not allow`);
    });
  }
}
