import type { Descriptor } from "./descriptor.ts";
import { declarationKeys } from "./declaration-keys.ts";
import { hostOf, toDestination } from "./destination.ts";
import { waitsForEnvironment } from "./expand-references.ts";
import { findConfig, isCapability, type Declaration, type KitCapability } from "./kit.ts";
import type { KitPath, KitSource } from "./kit-source.ts";

interface Placed {
  readonly member: KitCapability;
  readonly at: KitPath;
  /** The block it stands in: a group, or all entries that are in none. */
  readonly block: number | "entries";
}

/**
 * What one configuration alone cannot tell: each type as often as it may stand, host patterns that mean something,
 * credentials that go only where the same Kit may go, types that belong to workloads alone, and statements that must agree.
 *
 * @throws AppError `KIT_INVALID`
 */
export function checkDeclarations(source: KitSource, declarations: readonly Declaration[], kind: Descriptor["kind"]): void {
  const members = declarations.flatMap((declaration, index) => declaration.members.map((member, place) => placed(member, index, place)));
  checkKeys(source, members);
  for (const placed of members) {
    checkHosts(source, placed);
    checkKind(source, placed, kind);
  }
  const all = members.map(({ member }) => member);
  const waits = all.some((member) => !member.known && waitsForEnvironment(member.config));
  for (const placed of members) {
    // The hosts may be what waits; they are all there when it is read for its sandbox.
    if (!waits) checkInjection(source, all, placed);
    checkAgreement(source, all, placed);
  }
}

function placed(member: KitCapability, index: number, place: number): Placed {
  const isGrouped = member.path.includes(".group.");
  return { member, at: isGrouped ? ["capabilities", index, "group", "capabilities", place] : ["capabilities", index], block: isGrouped ? index : "entries" };
}

/** How often a type may stand is judged for each block; what was taken of several is merged, and judged again there. */
function checkKeys(source: KitSource, members: readonly Placed[]): void {
  const seen = new Map<string, string>();
  for (const { member, at, block } of members) {
    for (const key of declarationKeys(member)) {
      const before = seen.get(`${block} ${key}`);
      const what = key.includes(" ") ? ` for the same ${key.slice(key.indexOf(" ") + 1)}` : "";
      if (before !== undefined) throw source.refuse(at, `${member.type} stands twice${what}; first as ${before}`);
      seen.set(`${block} ${key}`, member.path);
    }
  }
}

/** Hosts of a network policy of either form, with their places. */
function policyHosts(member: KitCapability): readonly { readonly host: string; readonly path: KitPath }[] {
  if (!isCapability(member, "com.docker.sandbox/network-policy@1") && !isCapability(member, "com.docker.sandbox/network-policy@2")) return [];
  return (["install", "runtime"] as const).flatMap((phase) =>
    (["allow", "deny"] as const).flatMap((list) =>
      (member.config[phase]?.[list] ?? []).flatMap((entry, index) => {
        const path: KitPath = [phase, list, index];
        return typeof entry === "string" ? [{ host: entry, path }] : entry.hosts.map((host, place) => ({ host, path: [...path, "hosts", place] }));
      }),
    ),
  );
}

function checkHosts(source: KitSource, { member, at }: Placed): void {
  const telemetry = isCapability(member, "dev.sbx/agent@1") ? member.config.telemetryHosts.map((host, index) => ({ host, path: ["telemetryHosts", index] })) : [];
  for (const { host, path } of [...policyHosts(member), ...telemetry]) {
    const result = toDestination(host);
    if ("why" in result) throw source.refuse([...at, "config", ...path], `"${host}" is no host pattern: ${result.why}`);
  }
}

function checkKind(source: KitSource, { member, at }: Placed, kind: Descriptor["kind"]): void {
  if (kind === "workload") return;
  if (member.type === "com.docker.sandbox/sbx@1") throw source.refuse(at, `${member.type} belongs to a workload`);
  if (isCapability(member, "com.docker.sandbox/agent-context@1") && member.config.filename !== undefined && member.config.directory === undefined)
    throw source.refuse([...at, "config", "filename"], "a filename without a directory belongs to a workload");
}

function checkInjection(source: KitSource, all: readonly KitCapability[], { member, at }: Placed): void {
  if (!isCapability(member, "com.docker.sandbox/credential@1")) return;
  for (const phase of [member.config.phase].flat()) {
    const allowed = new Set(all.flatMap((one) => policyHosts(one).filter(({ path }) => path[0] === phase && path[1] === "allow")).map(({ host }) => hostOf(host)));
    (member.config.apiKey?.inject ?? []).forEach(({ domain }, index) => {
      if (allowed.has(hostOf(domain)) || allowed.has("*") || allowed.has("**")) return;
      throw source.refuse([...at, "config", "apiKey", "inject", index, "domain"], `the key would go to "${domain}", which the ${phase} network policy does not allow`);
    });
  }
}

/** What is stated in two places must be the same in both. */
function checkAgreement(source: KitSource, all: readonly KitCapability[], { member, at }: Placed): void {
  if (!isCapability(member, "com.docker.sandbox/agent-interactive-sessions@1")) return;
  const { newSession, list } = member.config;
  const { interactive = [] } = findConfig(all, "com.docker.sandbox/lifecycle@1") ?? {};
  const listed = findConfig(all, "com.docker.sandbox/agent-sessions@1")?.list;
  if (newSession !== undefined && interactive.length > 0 && !same(newSession, interactive))
    throw source.refuse([...at, "config", "newSession"], "newSession says something else than interactive of lifecycle@1");
  if (list !== undefined && listed !== undefined && !same(list, listed)) throw source.refuse([...at, "config", "list"], "list says something else than that of agent-sessions@1");
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
