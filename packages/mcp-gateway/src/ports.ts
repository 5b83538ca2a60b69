import type { Readable, Writable } from "node:stream";
import type { EnabledServer, SandboxId, ServerConfig, ServerEntry, ServerProfile } from "@sbx/contracts";

/**
 * Who speaks to the gateway. A sandbox is known by its gate and needs no token; a client on the host has shown the
 * token. What one scope adds, only it sees: each sandbox is a scope, and so is each session of a client on the host.
 */
export type Caller = { readonly kind: "sandbox"; readonly sandbox: SandboxId; readonly scope: string } | { readonly kind: "host"; readonly scope: string };

/** A server that a search found, best first, with what an agent must know before it adds it. */
export interface FoundServer {
  readonly entry: ServerEntry;
  /** What its tools cost in a context, as far as the catalog knows. */
  readonly tokens?: number;
}

/** The servers that a caller may find: all catalogs, by precedence, without what policy denies. */
export interface ServerCatalog {
  /** `undefined` when no catalog has it, or policy does not let this caller know of it. */
  find(name: string, caller: Caller): ServerEntry | undefined;
  /** Ranked; tolerates misspelled words. */
  search(query: string, caller: Caller): readonly FoundServer[];
}

/** Whether a caller may add a server: at once, after its person agreed, or not. `fix` is a command for the person. */
export type Verdict = { readonly effect: "allow" } | { readonly effect: "ask" | "deny"; readonly reason: string; readonly fix: string };

/** What governs the use of servers; asked when a server is added, and again before it is started. */
export interface ServerPolicy {
  judge(entry: ServerEntry, caller: Caller): Verdict;
  /** Names of the required secrets of an entry that are not there, or not bound to it, with the command that mends it. */
  missingSecrets(entry: ServerEntry, caller: Caller): Promise<readonly { readonly name: string; readonly fix: string }[]>;
}

/** What outlives the gateway: which servers a scope has, and named profiles. Writes are durable when they return. */
export interface GatewayState {
  /** What a scope has added so far, in order; for a new scope what its person enabled for all. */
  servers(caller: Caller): readonly EnabledServer[];
  put(caller: Caller, servers: readonly EnabledServer[]): void;
  profile(name: string): ServerProfile | undefined;
  putProfile(profile: ServerProfile): void;
}

/** A local server to start for one scope, with its configuration. */
export interface StartServer {
  readonly entry: ServerEntry;
  readonly config: ServerConfig;
  readonly caller: Caller;
}

/**
 * A server that runs in a container of its own and speaks MCP on its standard streams, one JSON message a line.
 * Nothing of it is trusted: lines may be endless, noise, or a flood. Disposing stops it and what it started.
 */
export interface RunningServer extends AsyncDisposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves with its exit code when it has ended, by itself or not. */
  readonly exit: Promise<number>;
}

/** Starts local servers, each in a pod of its own with its own secrets. */
export interface ServerRunner {
  /** @throws AppError `SERVER_FAILED`, `SERVER_DENIED`, `SECRET_MISSING`, `CONFIG_INVALID`, `IMAGE_UNAVAILABLE`, or the signal's reason */
  start(request: StartServer, signal: AbortSignal): Promise<RunningServer>;
}

/** Reaches servers that somebody else runs, with their headers filled in. */
export interface RemoteServers {
  /**
   * A `fetch` for this server alone: dials vetted public addresses only, follows no redirect to another origin, and puts
   * the entry's headers and secrets on requests to the entry's own origin and nowhere else.
   *
   * @throws AppError `SERVER_DENIED`, `SECRET_MISSING`, `CONFIG_INVALID`
   */
  connect(request: StartServer): Promise<typeof fetch>;
}
