import { CAPABILITIES, type ConfigOf, type KnownType } from "./capability-configs.ts";
import { fullName } from "./kit-names.ts";
import type { KitCapability, ReadCapability } from "./kit.ts";

type Keys = { readonly [Type in KnownType]?: (config: ConfigOf<Type>) => readonly string[] };

/** What of a configuration may stand once only, by type. Volumes and host mounts share their paths. */
const KEYS: Keys = {
  "com.docker.sandbox/credential@1": ({ service, phase }) => [phase].flat().map((one) => `service and phase ${service}, ${one}`),
  "com.docker.sandbox/volume@1": ({ path }) => [`path ${cleanPath(path)}`],
  "com.docker.sandbox/host-mount@1": ({ path }) => [`path ${cleanPath(path)}`],
  "com.docker.sandbox/agent-context@1": ({ directory = "", filename = "" }) => [`directory and filename ${directory}, ${filename}`],
  "com.docker.sandbox/agent-skills@1": ({ path }) => [`path ${cleanPath(path)}`],
  "com.docker.sandbox/agent-skill@1": ({ path, name }) => [`name ${name ?? path.slice(path.lastIndexOf("/") + 1)}`],
  "com.docker.sandbox/port@1": ({ container, transport }) => [`port ${container}/${transport}`],
  "com.docker.sandbox/ssh-agent@1": ({ phase }) => [phase].flat().map((one) => `phase ${one}`),
  "com.docker.sandbox/acp@1": ({ agent }) => [`agent ${fullName(agent)}`],
  "com.docker.sandbox/usb-device@1": (device) => [`device ${JSON.stringify(device)}`],
};

/** Types that share what may stand once. */
const SHARED: Readonly<Record<string, string>> = {
  "com.docker.sandbox/host-mount@1": "com.docker.sandbox/volume@1",
  "com.docker.sandbox/network-policy@2": "com.docker.sandbox/network-policy@1",
};

/** What of a capability may stand once only in a block of declarations. */
export function declarationKeys(capability: KitCapability): readonly string[] {
  if (!capability.known) return [`${capability.type} configuration ${JSON.stringify(capability.config ?? null)}`];
  const type = SHARED[capability.type] ?? capability.type;
  return CAPABILITIES[capability.type].arity === "singleton" ? [type] : keyedBy(capability).map((key) => `${type} ${key}`);
}

/** The compiler cannot follow that configuration and row belong to the same type. */
function keyedBy({ type, config }: ReadCapability): readonly string[] {
  const keys = KEYS[type] as ((config: unknown) => readonly string[]) | undefined;
  return keys?.(config) ?? [];
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
