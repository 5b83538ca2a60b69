import type { Method } from "./route.ts";

/** One call as it goes over the wire, before the daemon has parsed anything of it. */
export interface Call {
  readonly method: Method;
  /** Path and query, encoded. */
  readonly target: string;
  /** JSON value, or undefined for none. */
  readonly body: unknown;
}
/** The answer to a {@link Call}: HTTP status, and the JSON body, which is a Problem when the status is 400 or more. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}
/** Carries one call: over the unix socket in production, straight to the dispatcher in tests. */
export type Send = (call: Call, signal: AbortSignal) => Promise<Reply>;
