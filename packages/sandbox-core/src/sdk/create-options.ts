import type { Client, DockerPolicy } from "@sbx/contracts";
import { formatDestinationPattern, parseDestinationPattern } from "@sbx/egress-policy";
import type { DefinedAgent } from "./agent-definition.ts";

/** What a sandbox may reach beside what its agent's profile opens. Default is deny, and a denial wins over any permission. */
export interface SandboxPolicy {
  /** Destinations as people write them: `api.example.org:443`, `*.example.org`, `**.example.org`, `10.1.0.0/16:443`. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Ports of services on this machine's loopback, which are reachable as `host.docker.internal`. */
  readonly hostPorts?: readonly number[];
}

/** One step on the way to a running sandbox, such as the making of an image. */
export interface ProgressStep {
  readonly step: string;
  readonly state: "started" | "line" | "done" | "failed";
  /** A line of output, with the state "line". */
  readonly text?: string;
  readonly milliseconds?: number;
}

/** What a sandbox is to be like. */
export interface CreateOptions {
  /** Name of an agent, the path of a Kit's directory, or a profile that was given to {@link defineAgent}. */
  readonly agent: string | DefinedAgent;
  /** Mixins that are put over the agent: their names, or the paths of their directories. */
  readonly kits?: readonly string[];
  /** Values for arguments of the Kits. */
  readonly kitArgs?: Readonly<Record<string, string>>;
  /** The directory that it works on, at the same path inside. Relative to the current directory. */
  readonly workspace: string;
  /** Made from agent and workspace when it is left out. One that is taken is refused. */
  readonly name?: string;
  readonly policy?: SandboxPolicy;
  /** A template to start from, which a sandbox of the same agent was saved as. */
  readonly template?: string;
  /** Further directories of this machine. */
  readonly extra?: readonly { readonly path: string; readonly readonly: boolean }[];
  /** Paths, relative to the workspace, that are empty inside. */
  readonly hide?: readonly string[];
  /** Protected paths that are opened. */
  readonly allowWrite?: readonly string[];
  /** Variables of every program in the sandbox. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ports that are published at this machine's loopback at each start; any free port where none is named. */
  readonly publish?: readonly { readonly port: number; readonly hostPort?: number }[];
  /** `diskBytes` needs an engine that can bound the disk; it refuses otherwise. */
  readonly limits?: { readonly cpus?: number; readonly memoryBytes?: number; readonly pids?: number; readonly diskBytes?: number };
  /** `provider`: the real one with a key of the vault; `scripted`: the bundled one; `auto`: the real one if a key is there. */
  readonly model?: "auto" | "provider" | "scripted";
  /** Whether its agent gets a Docker API that is answered for it alone. The engine's own, which is root on this machine, is not given by programs. */
  readonly docker?: "none" | "guarded";
  readonly dockerPolicy?: DockerPolicy;
  /** Paths inside at which Kits may have a directory that all their sandboxes share. */
  readonly share?: readonly string[];
  /** Whether agents see the skills of this machine's person: not at all, read-only unless said, or writable where a Kit asks for it. */
  readonly skills?: "off" | "readonly" | "readwrite";
  /** Capability types that no Kit gets, such as `com.docker.sandbox/volume@1`: an optional one is left out, a required one refuses the sandbox. */
  readonly reject?: readonly string[];
  /** Where the name and address of commits are from, a file in git's form, or `off`; the person's own git settings unless said. */
  readonly gitIdentity?: string;
  /** The person's SSH agent, for Kits that ask for one: its socket, and a file of the hosts' keys that are known for logins (`~/.ssh/known_hosts` unless said). */
  readonly sshAgent?: { readonly socket: string; readonly knownHosts?: string };
  /** Gives the work up: what was half made is taken away. */
  readonly signal?: AbortSignal;
  /** Is told how the making of images and the start go. */
  readonly onProgress?: (step: ProgressStep) => void;
}

/** The daemon's words for a sandbox to make. */
export type CreateInput = Parameters<Client["createSandbox"]>[0];

/** What the caller wants in the daemon's words. `agent` is a name or an absolute path. @throws AppError `CONFIG_INVALID` */
export function createInput(options: CreateOptions, { agent, absolute }: { readonly agent: string; readonly absolute: (path: string) => string }): CreateInput {
  const { policy = {}, name, dockerPolicy, template } = options;
  return {
    agent,
    ...kitsOf(options, absolute),
    workspace: absolute(options.workspace),
    extra: (options.extra ?? []).map(({ path, readonly }) => ({ path: absolute(path), readonly })),
    ...(name === undefined ? {} : { name }),
    allow: destinations(policy.allow),
    allowHostPorts: [...(policy.hostPorts ?? [])],
    publish: (options.publish ?? []).map(({ port, hostPort = 0 }) => ({ port, hostPort })),
    hide: [...(options.hide ?? [])],
    allowWrite: [...(options.allowWrite ?? [])],
    env: { ...options.env },
    limits: { ...options.limits },
    model: options.model ?? "auto",
    docker: options.docker ?? "none",
    ...(template === undefined ? {} : { template }),
    ...(dockerPolicy === undefined ? {} : { dockerPolicy }),
    ...kitPlacesOf(options, absolute),
    ...sshAgentOf(options, absolute),
    fresh: true,
  };
}

function kitPlacesOf({ skills, share, reject, gitIdentity }: CreateOptions, absolute: (path: string) => string): Pick<CreateInput, "skills" | "share" | "reject" | "gitIdentity"> {
  return {
    ...(skills === undefined ? {} : { skills }),
    ...(share === undefined ? {} : { share: [...share] }),
    ...(reject === undefined ? {} : { reject: [...reject] }),
    ...(gitIdentity === undefined ? {} : { gitIdentity: gitIdentity === "off" ? "off" : absolute(gitIdentity) }),
  };
}

function sshAgentOf({ sshAgent }: CreateOptions, absolute: (path: string) => string): Pick<CreateInput, "sshAgent"> {
  if (sshAgent === undefined) return {};
  const { socket, knownHosts } = sshAgent;
  return { sshAgent: { socket: absolute(socket), ...(knownHosts === undefined ? {} : { knownHosts: absolute(knownHosts) }) } };
}

/** A mixin is named, or pointed at by its path. */
function kitsOf({ kits = [], kitArgs }: CreateOptions, absolute: (path: string) => string): Pick<CreateInput, "kits" | "args"> {
  return { kits: kits.map((kit) => kitReference(kit, absolute)), args: { ...kitArgs } };
}

/** The name of a Kit as it is, the path of one as an absolute path. */
export function kitReference(kit: string, absolute: (path: string) => string): string {
  return /[/~]|^\.\.?$/.test(kit) ? absolute(kit) : kit;
}

/** Destinations, each in its one form. @throws AppError `CONFIG_INVALID` */
export function destinations(patterns: readonly string[] = []): string[] {
  return patterns.map((pattern) => formatDestinationPattern(parseDestinationPattern(pattern)));
}
