import type { ConfigOf, KnownType } from "./capability-configs.ts";
import { mergeAcp } from "./acp-agents.ts";
import { cleanPath } from "./declaration-keys.ts";
import { sizeBytes } from "./kit-size.ts";
import { sameStatement } from "./volume-statement.ts";
import { mergeAgents } from "./merge-agents.ts";
import { sameValue } from "./same-value.ts";

/** Two configurations of one type and key as one; `undefined` where they cannot stand together. */
type Merge<Type extends KnownType> = (one: ConfigOf<Type>, other: ConfigOf<Type>) => ConfigOf<Type> | undefined;

type Requests = ConfigOf<"com.docker.sandbox/network-policy@2">;
type Phase = NonNullable<Requests["runtime"]>;
type Volume = ConfigOf<"com.docker.sandbox/volume@1">;
type Ssh = ConfigOf<"com.docker.sandbox/ssh-agent@1">;

const WIDTH: readonly string[] = ["", "readonly", "readwrite"];
const never = (): undefined => undefined;
const first = <Config>(one: Config): Config => one;
const equal = <Config>(one: Config, other: Config): Config | undefined => (sameValue(one, other) ? one : undefined);

/** How what several Kits declare comes together, by type. The older network policy is merged in the form of the newer one, which holds it. */
export const MERGES: { readonly [Type in KnownType]: Merge<Type> } = {
  "com.docker.sandbox/network-policy@1": (one, other) => ({ install: hosts(one.install, other.install), runtime: hosts(one.runtime, other.runtime) }),
  "com.docker.sandbox/network-policy@2": mergeRequests,
  "com.docker.sandbox/credential@1": never,
  "com.docker.sandbox/lifecycle@1": mergeLifecycles,
  "com.docker.sandbox/volume@1": (one, other) => (sameVolume(one, other) ? { ...other, ...one } : undefined),
  "com.docker.sandbox/host-mount@1": never,
  "com.docker.sandbox/resources@1": mergeResources,
  "com.docker.sandbox/agent-context@1": (one, other) => ({ ...one, content: one.content === other.content ? one.content : [one.content, other.content].join("\n\n") }),
  "com.docker.sandbox/agent-sessions@1": equal,
  "com.docker.sandbox/agent-interactive-sessions@1": equal,
  "com.docker.sandbox/agent-skills@1": (one, other) => (WIDTH.indexOf(other.mode) > WIDTH.indexOf(one.mode) ? other : one),
  "com.docker.sandbox/agent-skill@1": (one, other) => (one.path === other.path ? one : undefined),
  "com.docker.sandbox/acp@1": mergeAcp,
  "com.docker.sandbox/port@1": (one, other) => ({ ...other, ...one }),
  "com.docker.sandbox/usb-device@1": first,
  "com.docker.sandbox/ssh-agent@1": mergeSshAgents,
  "com.docker.sandbox/privileged@1": first,
  "com.docker.sandbox/kit-registry@1": first,
  "com.docker.sandbox/git-identity@1": first,
  "com.docker.sandbox/sbx@1": first,
  "com.docker.sandbox/long-running@1": first,
  "dev.sbx/agent@1": mergeAgents,
};

type Hosts = { readonly allow: readonly string[]; readonly deny: readonly string[] } | undefined;

function hosts(one: Hosts, other: Hosts): { allow: string[]; deny: string[] } | undefined {
  if (one === undefined && other === undefined) return undefined;
  return { allow: distinct([...(one?.allow ?? []), ...(other?.allow ?? [])]), deny: distinct([...(one?.deny ?? []), ...(other?.deny ?? [])]) };
}

function mergeRequests(one: Requests, other: Requests): Requests {
  return { install: mergePhases(one.install, other.install), runtime: mergePhases(one.runtime, other.runtime) };
}

/** A host that is open as a whole somewhere needs no single requests. */
function mergePhases(one: Phase | undefined, other: Phase | undefined): Phase | undefined {
  if (one === undefined && other === undefined) return undefined;
  const allow = [...(one?.allow ?? []), ...(other?.allow ?? [])];
  const open = new Set(allow.flatMap((entry) => (typeof entry === "string" ? [entry] : entry.methods === undefined ? entry.hosts : [])));
  const needed = allow.flatMap((entry) => {
    if (typeof entry === "string" || entry.methods === undefined) return [entry];
    const left = entry.hosts.filter((host) => !open.has(host));
    return left.length === 0 ? [] : [{ ...entry, hosts: left }];
  });
  return { allow: distinct(needed), deny: distinct([...(one?.deny ?? []), ...(other?.deny ?? [])]) };
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return items.filter((item, index) => items.findIndex((other) => sameValue(item, other)) === index);
}

type Lifecycle = ConfigOf<"com.docker.sandbox/lifecycle@1">;

function mergeLifecycles(one: Lifecycle, other: Lifecycle): Lifecycle | undefined {
  const taken = new Set(one.files.map(({ path }) => cleanPath(path)));
  if (other.files.some(({ path }) => taken.has(cleanPath(path)))) return undefined;
  if (one.interactive.length > 0 && other.interactive.length > 0) return undefined;
  return {
    install: [...one.install, ...other.install],
    startup: [...one.startup, ...other.startup],
    files: [...one.files, ...other.files],
    interactive: [...one.interactive, ...other.interactive],
  };
}

/** Equal in bytes and in octal value; what is left out is no value. */
function sameVolume(one: Volume, other: Volume): boolean {
  return one.tmpfs === other.tmpfs && sameStatement(one, other);
}

type Resources = ConfigOf<"com.docker.sandbox/resources@1">;

function mergeResources(one: Resources, other: Resources): Resources | undefined {
  if (one.gpu !== undefined && other.gpu !== undefined && !sameValue(one.gpu, other.gpu)) return undefined;
  const cpus = [one.cpu, other.cpu].filter((cpu) => cpu !== undefined);
  const [memory] = [one.memory, other.memory].filter((size) => size !== undefined).toSorted((a, b) => sizeBytes(b) - sizeBytes(a));
  const gpu = one.gpu ?? other.gpu;
  return { ...(cpus.length === 0 ? {} : { cpu: Math.max(...cpus) }), ...(memory === undefined ? {} : { memory }), ...(gpu === undefined ? {} : { gpu }) };
}

function mergeSshAgents(one: Ssh, other: Ssh): Ssh {
  if (one.unrestricted || other.unrestricted) return { phase: one.phase, unrestricted: true };
  const union = (key: "sign" | "authenticate"): string[] => distinct([...(one[key] ?? []), ...(other[key] ?? [])]);
  const [sign, authenticate] = [union("sign"), union("authenticate")];
  return { phase: one.phase, unrestricted: false, ...(sign.length === 0 ? {} : { sign }), ...(authenticate.length === 0 ? {} : { authenticate }) };
}
