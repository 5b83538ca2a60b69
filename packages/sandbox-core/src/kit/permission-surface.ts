import { createHash } from "node:crypto";
import type { PermissionSurface } from "@sbx/contracts";
import { cleanPath } from "./declaration-keys.ts";
import type { ReadCapability } from "./kit.ts";
import type { BoundedEntry } from "./network-configs.ts";
import { canonicalText } from "./same-value.ts";

type Lists = { [Field in keyof PermissionSurface]-?: string[] };
type Entries = readonly (string | BoundedEntry)[];

/**
 * What Kits are granted together, by the format's rules: a list for each kind of access, sorted, each once. What grants nothing
 * by itself (limits, hooks, texts, how an agent is started) is none; a type without a list of its own stands under `services`
 * with a digest of its configuration, so that none is left out.
 */
export function permissionSurface(effective: readonly ReadCapability[]): PermissionSurface {
  const lists: Lists = {
    networkInstallAllow: [],
    networkInstallDeny: [],
    networkRuntimeAllow: [],
    networkRuntimeDeny: [],
    networkInstallHTTPAllow: [],
    networkInstallHTTPDeny: [],
    networkRuntimeHTTPAllow: [],
    networkRuntimeHTTPDeny: [],
    credentialsInstall: [],
    credentialsRuntime: [],
    storagePaths: [],
    hostMountPaths: [],
    skillsPaths: [],
    skillsWritePaths: [],
    ports: [],
    services: [],
  };
  for (const capability of effective) add(lists, capability);
  return Object.fromEntries(Object.entries(lists).flatMap(([field, texts]) => (texts.length === 0 ? [] : [[field, [...new Set(texts)].toSorted(byText)]])));
}

function add(lists: Lists, capability: ReadCapability): void {
  switch (capability.type) {
    case "com.docker.sandbox/network-policy@1":
    case "com.docker.sandbox/network-policy@2":
      addNetwork(lists, capability.config);
      return;
    case "com.docker.sandbox/credential@1":
      for (const phase of [capability.config.phase].flat()) lists[phase === "install" ? "credentialsInstall" : "credentialsRuntime"].push(capability.config.service);
      return;
    case "com.docker.sandbox/volume@1":
      lists.storagePaths.push(cleanPath(capability.config.path));
      return;
    case "com.docker.sandbox/host-mount@1":
      lists.hostMountPaths.push(cleanPath(capability.config.path));
      return;
    case "com.docker.sandbox/agent-skills@1":
      lists.skillsPaths.push(cleanPath(capability.config.path));
      if (capability.config.mode === "readwrite") lists.skillsWritePaths.push(cleanPath(capability.config.path));
      return;
    case "com.docker.sandbox/port@1":
      lists.ports.push(`${capability.config.container}/${capability.config.transport}`);
      return;
    default:
      if (!GRANTS_NOTHING.has(capability.type)) lists.services.push(serviceOf(capability));
  }
}

const GRANTS_NOTHING: ReadonlySet<ReadCapability["type"]> = new Set([
  "com.docker.sandbox/acp@1",
  "com.docker.sandbox/agent-context@1",
  "com.docker.sandbox/agent-interactive-sessions@1",
  "com.docker.sandbox/agent-sessions@1",
  "com.docker.sandbox/agent-skill@1",
  "com.docker.sandbox/lifecycle@1",
  "com.docker.sandbox/long-running@1",
  "com.docker.sandbox/resources@1",
  "com.docker.sandbox/sbx@1",
] as const);

type Network = ReadCapability<"com.docker.sandbox/network-policy@2">["config"];

function addNetwork(lists: Lists, { install, runtime }: { readonly install?: Network["install"] | undefined; readonly runtime?: Network["runtime"] | undefined }): void {
  lists.networkInstallAllow.push(...wholeHosts(install?.allow));
  lists.networkInstallDeny.push(...wholeHosts(install?.deny));
  lists.networkRuntimeAllow.push(...wholeHosts(runtime?.allow));
  lists.networkRuntimeDeny.push(...wholeHosts(runtime?.deny));
  lists.networkInstallHTTPAllow.push(...requests(install?.allow));
  lists.networkInstallHTTPDeny.push(...requests(install?.deny));
  lists.networkRuntimeHTTPAllow.push(...requests(runtime?.allow));
  lists.networkRuntimeHTTPDeny.push(...requests(runtime?.deny));
}

/** Hosts that any protocol reaches. */
function wholeHosts(entries: Entries = []): readonly string[] {
  return entries.flatMap((entry) => (typeof entry === "string" ? [entry] : entry.methods === undefined ? entry.hosts : []));
}

/** Every request that is meant, each by itself: `METHOD host/path`. */
function requests(entries: Entries = []): readonly string[] {
  return entries.flatMap((entry) => {
    const { hosts, methods = ["ANY"], paths = ["/**"] } = typeof entry === "string" ? { hosts: [entry] } : entry;
    return hosts.flatMap((host) => methods.flatMap((method) => paths.map((path) => `${method} ${host}${path}`)));
  });
}

function serviceOf({ type, config }: ReadCapability): string {
  return config === undefined ? type : `${type}+${createHash("sha256").update(canonicalText(config)).digest("hex").slice(0, 12)}`;
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
