import type { JsonObject } from "./jsonrpc/json.ts";
import type { RequestId } from "./jsonrpc/message.ts";
import type { Spool } from "./large/spool.ts";
import type { LogLevel } from "./view/log-levels.ts";

/** A session of a client, as what lies behind it sees it. */
export interface ScopeMember {
  /** What the client said that it can do. */
  readonly capabilities: JsonObject;
  /** From which level on it wants to hear log messages; all, until it says so. */
  readonly logLevel: LogLevel | undefined;
  /** Ask the client. `related` is its own request in whose course it is asked, if there is one. */
  ask(method: string, params: JsonObject | undefined, options: { readonly related: RequestId | undefined; readonly signal: AbortSignal }): Promise<JsonObject>;
  /** Tell the client. */
  tell(method: string, params?: JsonObject, related?: RequestId): void;
  wantsLog(level: string): boolean;
  /**
   * Resolves when a client that was told of new tools has asked for them, or soon where it does not. What it is answered
   * next may make it use them at once, and some use only what they had before.
   */
  askedAgain(): Promise<void>;
}

/** The request of a client that makes a server work. */
export interface Cause {
  readonly member: ScopeMember;
  readonly related: RequestId;
  readonly signal: AbortSignal;
  /** Keeps where the large texts of its answer are until that was sent; absent where an answer is only taken whole. */
  readonly keep?: ((large: Spool) => void) | undefined;
}
