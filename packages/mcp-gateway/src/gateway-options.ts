import type { RecordEvent } from "@sbx/contracts";
import type { ByteBudget } from "./byte-budget.ts";
import type { CodeModeEngine } from "./code-mode/engine.ts";
import type { GatewayLimits } from "./limits.ts";
import type { GatewayState, ListStore, RemoteServers, ServerCatalog, ServerPolicy, ServerRunner, ToolInterceptor } from "./ports.ts";
import type { TokenCounter } from "./tokens/token-counter.ts";
import type { KnownLists } from "./view/known-lists.ts";
import type { ToolPresenter } from "./view/tool-presenter.ts";

/** All that the gateway needs of others. */
export interface GatewayOptions {
  readonly catalog: ServerCatalog;
  readonly policy: ServerPolicy;
  readonly state: GatewayState;
  readonly runner: ServerRunner;
  readonly remote: RemoteServers;
  readonly record: RecordEvent;
  /** Told what a server wrote beside the protocol, when it has ended or did not start: nobody else has it then. */
  readonly keepLog?: (server: string, text: string) => void;
  /** A bug of ours, for the log. */
  readonly onFault: (error: unknown) => void;
  /** What servers offered when last seen; kept in memory where none is given. */
  readonly lists?: ListStore;
  /** Without it there is no `code-mode`. Stays its maker's, who disposes it. */
  readonly codeMode?: CodeModeEngine;
  /** Outermost first. */
  readonly interceptors?: readonly ToolInterceptor[];
  /** Counts what tools cost in a context, for `mcp-add` and the record of what is removed. Stays its maker's, who disposes it. */
  readonly tokens?: TokenCounter;
  /** Whether servers may have the client's model work for them. Unless `forward`, they are refused. */
  readonly sampling?: "refuse" | "forward";
  readonly limits?: Partial<GatewayLimits>;
  /** Where large texts of results are put aside, in files without names; a directory that is nobody else's. Made when it is needed. */
  readonly asideDirectory?: string;
  /** Whether agents get the tools to find, add and remove servers themselves; they do unless it is `false`. */
  readonly management?: boolean;
  /** Which tools of servers may be used at all, by the server's own name of it; all unless it says no. */
  readonly offers?: (tool: { readonly server: string; readonly tool: string }) => boolean;
}

/** The options with everything filled in that has a default. */
export interface GatewayParts extends GatewayOptions {
  readonly limits: GatewayLimits;
  readonly presenter: ToolPresenter;
  /** The lists, as the interceptors leave them. */
  readonly known: KnownLists;
  readonly interceptors: readonly ToolInterceptor[];
  readonly sampling: "refuse" | "forward";
  readonly management: boolean;
  readonly offers: (tool: { readonly server: string; readonly tool: string }) => boolean;
  /** What large messages of all scopes count against, and what they may put aside. */
  readonly budget: ByteBudget;
  readonly aside: ByteBudget;
  readonly asideDirectory: string;
}
