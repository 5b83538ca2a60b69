import type { Readable, Writable } from "node:stream";
import type { ToolCall, ToolResult } from "./interceptors/tool-call.ts";
import type { JsonObject } from "./jsonrpc/json.ts";
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

/** What is wrong with a configuration, for whoever can mend it. */
export interface ConfigProblem {
  /** Dotted path of the setting, without the server's name: `confluence.url`. */
  readonly key: string;
  /** `missing` when a required setting is not there. */
  readonly kind: "missing" | "invalid";
  /** One sentence; never the value. */
  readonly message: string;
}

/** The servers that a caller may find: all catalogs, by precedence, without what policy denies. */
export interface ServerCatalog {
  /** `undefined` when no catalog has it, or policy does not let this caller know of it. */
  find(name: string, caller: Caller): ServerEntry | undefined;
  /** Ranked; tolerates misspelled words. */
  search(query: string, caller: Caller): readonly FoundServer[];
  /** Checks a configuration against the entry's own schemas; empty when it may be used as it is. */
  configProblems(entry: ServerEntry, config: ServerConfig): readonly ConfigProblem[];
}

/** Whether a caller may add a server: at once, after its person agreed, or not. `fix` is a command for the person. */
export type Verdict = { readonly effect: "allow" } | { readonly effect: "ask" | "deny"; readonly reason: string; readonly fix: string };

/** What governs the use of servers; asked when a server is added or configured, and again before it is started. */
export interface ServerPolicy {
  /** Judges the entry together with its configuration, which may name directories and hosts. */
  judge(request: StartServer): Verdict;
  /** Remembers that the person of a client on the host agreed to exactly this, as long as the caller's scope lasts. */
  agree(request: StartServer): void;
  /** Names of the required secrets of an entry that are not there, or not bound to it, with the command that mends it. */
  missingSecrets(entry: ServerEntry, caller: Caller): Promise<readonly { readonly name: string; readonly fix: string }[]>;
}

/** What outlives the gateway: which servers a scope has, and named profiles. Writes are durable when they return. */
export interface GatewayState {
  /** What a scope has added so far, in order; for a new scope what its person enabled for all. */
  servers(caller: Caller): readonly EnabledServer[];
  put(caller: Caller, servers: readonly EnabledServer[]): void;
  /** Drops what a scope had. Called when the session of a client on the host has ended; a sandbox keeps its servers. */
  forget(caller: Caller): void;
  /** By id. What a sandbox saved is found by that sandbox alone; what a person saved, by all. */
  profile(id: string, caller: Caller): ServerProfile | undefined;
  /** Never replaces the profile of another: a sandbox cannot change what its person or another sandbox will activate. */
  putProfile(profile: ServerProfile, caller: Caller): void;
}

/** A server to start for one scope, with its configuration. */
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
  /** Where the server sees a directory of the caller's (`file:` URI to `file:` URI); `undefined` when it cannot. Without it the server is told of no roots. */
  readonly rootSeenAs?: (uri: string) => string | undefined;
}

/** Starts local servers, each in a pod of its own with its own secrets. */
export interface ServerRunner {
  /**
   * Do what takes long and is done once: pull an image, install a package. A start does it too; here it has its own time, and lines
   * for whoever waits. Nothing of the server runs.
   *
   * @throws as {@link ServerRunner.start}
   */
  prepare?(request: StartServer, options: { readonly progress: (line: string) => void; readonly signal: AbortSignal }): Promise<void>;
  /** A client has come that may soon need a server, whichever: get ready what all need. */
  expect?(): void;
  /** @throws AppError `SERVER_FAILED`, `SERVER_DENIED`, `SECRET_MISSING`, `CONFIG_INVALID`, `IMAGE_UNAVAILABLE`, or the signal's reason */
  start(request: StartServer, signal: AbortSignal): Promise<RunningServer>;
}

/** Where a server is that somebody else runs, with the only `fetch` that may speak to it. */
export interface RemoteTarget {
  /** Its address, with the configuration filled in and checked again. */
  readonly url: string;
  readonly fetch: typeof fetch;
}

/** Reaches servers that somebody else runs, with their addresses and headers filled in. */
export interface RemoteServers {
  /**
   * The `fetch` is for this server alone: it dials vetted public addresses only, follows no redirect to another origin, and puts
   * the entry's headers and secrets on requests to the entry's own origin and nowhere else.
   *
   * @throws AppError `SERVER_DENIED`, `SECRET_MISSING`, `CONFIG_INVALID`
   */
  connect(request: StartServer): Promise<RemoteTarget>;
}

/** What an interceptor is given beside a call. */
export interface InterceptionContext {
  readonly caller: Caller;
  /** Goes on with the call. Only its arguments and `_meta` count: where it goes was decided by its name. */
  readonly next: (call: ToolCall) => Promise<ToolResult>;
  readonly signal: AbortSignal;
}

/**
 * Looks at each call of a server's tool and at its result, however the tool was called; may answer itself, change either,
 * or throw an AppError to refuse, which the model reads. The first of a list is the outermost.
 */
export interface ToolInterceptor {
  /** Whether it knows of {@link LargeText}; where one does not, results are held whole for it. */
  readonly takesLarge?: true;
  around(call: ToolCall, context: InterceptionContext): Promise<ToolResult>;
  /** Looks at what else of a server reaches an agent, its prompts and resources; gives what may. */
  answer?(answer: JsonObject): JsonObject;
}

/** What a server offered when it was last seen, as it said it. */
export interface ServerLists {
  readonly capabilities: JsonObject;
  readonly instructions?: string;
  readonly tools: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly templates: readonly JsonObject[];
}

/** Which lists are meant: those of one server with one configuration, as it said them to one owner. */
export interface ListKey {
  /** The sandbox for which the server ran, or `host`. What it said to one sandbox may tell of that sandbox's data. */
  readonly owner: SandboxId | "host";
  /** Stands for the whole entry, with its version or digest, and the configuration. */
  readonly server: string;
}

/**
 * What servers offer, kept so that nothing has to be started to list it. It may be lost, old or wrong: it says what can
 * be asked for, and never what may be done.
 */
export interface ListStore {
  get(key: ListKey): ServerLists | undefined;
  put(key: ListKey, lists: ServerLists): void;
}
