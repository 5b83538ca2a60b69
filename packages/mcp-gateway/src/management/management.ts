import type { JsonObject } from "../jsonrpc/json.ts";
import type { Cause } from "../scope-member.ts";
import type { Session } from "../session/session.ts";

/** A call of one of the gateway's own tools. */
export interface ManagementCall {
  readonly session: Session;
  readonly name: string;
  readonly args: JsonObject;
  readonly cause: Cause;
  readonly onProgress?: ((params: JsonObject) => void) | undefined;
}

/** One of the gateway's own tools. */
export interface ManagementTool {
  readonly definition: JsonObject;
  /** Gives a result; an expected failure is one with `isError`. */
  readonly run: (call: ManagementCall) => Promise<JsonObject>;
}
