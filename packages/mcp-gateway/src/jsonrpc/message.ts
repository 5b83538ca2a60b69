import type { Spool } from "../large/spool.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

/** What ties an answer to its request: text, or a whole number. */
export type RequestId = string | number;

/** An error as JSON-RPC carries it. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}

export interface RpcRequest {
  readonly kind: "request";
  readonly id: RequestId;
  readonly method: string;
  readonly params?: JsonObject;
  /** What it takes in memory, about, until it is answered; absent where nobody counts. */
  readonly bytes?: number;
}
export interface RpcNotification {
  readonly kind: "notification";
  readonly method: string;
  readonly params?: JsonObject;
}
export interface RpcResult {
  readonly kind: "result";
  readonly id: RequestId;
  readonly result: JsonObject;
  /** Where the large texts are that the result has; absent when it has none. */
  readonly large?: Spool;
}
export type RpcResponse = RpcResult | { readonly kind: "error"; readonly id: RequestId | undefined; readonly error: RpcError };

/** A message that was understood. It is always built anew before it goes anywhere: no byte of a peer is passed on as it came. */
export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

/** Codes of JSON-RPC, of the protocol, and those that its SDKs agreed on. */
export const RPC_CODES = {
  connectionClosed: -32000,
  sessionUnknown: -32001,
  resourceUnknown: -32002,
  versionUnsupported: -32022,
  parse: -32700,
  invalidRequest: -32600,
  methodUnknown: -32601,
  invalidParams: -32602,
  internal: -32603,
} as const;

/** A failure that is answered as an error of JSON-RPC. */
export class RpcFailure extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "RpcFailure" });
  }

  readonly code: number;
  readonly data: Json | undefined;

  constructor(code: number, message: string, data?: Json) {
    super(message);
    this.code = code;
    this.data = data;
  }

  toRpcError(): RpcError {
    return { code: this.code, message: this.message, ...(this.data === undefined ? {} : { data: this.data }) };
  }
}

const MAX_ID_LENGTH = 256;
const MAX_METHOD_LENGTH = 200;

/**
 * Understand one JSON value as a message, or refuse it.
 *
 * @throws RpcFailure with code -32600 for what is no message; `data` has the id if one could be read
 */
export function messageFromJson(value: Json): RpcMessage {
  if (!isObject(value)) throw refusal("a message is an object");
  if (value["jsonrpc"] !== "2.0") throw refusal('a message has "jsonrpc": "2.0"');
  const given = ["method", "result", "error"].filter((key) => value[key] !== undefined);
  if (given.length !== 1) throw refusal("a message has either a method, a result or an error");
  switch (given[0]) {
    case "method":
      return question(value);
    case "result":
      if (!isObject(value["result"])) throw refusal("a result is an object");
      return { kind: "result", id: requestId(value["id"]), result: value["result"] };
    default: {
      const { id } = value;
      return { kind: "error", id: id === undefined || id === null ? undefined : requestId(id), error: rpcError(value["error"]) };
    }
  }
}

function question({ id, method, params }: JsonObject): RpcRequest | RpcNotification {
  if (typeof method !== "string" || method === "" || method.length > MAX_METHOD_LENGTH) throw refusal("a method is a short text");
  if (params !== undefined && !isObject(params)) throw refusal("params are an object");
  const rest = { method, ...(params === undefined ? {} : { params }) };
  return id === undefined ? { kind: "notification", ...rest } : { kind: "request", id: requestId(id), ...rest };
}

/** Build the JSON of a message, from its known parts alone. */
export function jsonFromMessage(message: RpcMessage): JsonObject {
  switch (message.kind) {
    case "request":
      return { jsonrpc: "2.0", id: message.id, method: message.method, ...(message.params === undefined ? {} : { params: message.params }) };
    case "notification":
      return { jsonrpc: "2.0", method: message.method, ...(message.params === undefined ? {} : { params: message.params }) };
    case "result":
      return { jsonrpc: "2.0", id: message.id, result: message.result };
    case "error":
      return { jsonrpc: "2.0", id: message.id ?? null, error: { ...message.error } };
  }
}

function requestId(value: Json | undefined): RequestId {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (typeof value === "string" && value.length <= MAX_ID_LENGTH) return value;
  throw refusal("an id is a whole number or a text of at most 256 characters");
}

function rpcError(value: Json | undefined): RpcError {
  if (!isObject(value)) throw refusal("an error is an object");
  const { code, message, data } = value;
  if (typeof code !== "number" || !Number.isSafeInteger(code) || typeof message !== "string") throw refusal("an error has a whole number as code, and a message");
  return { code, message, ...(data === undefined ? {} : { data }) };
}

function refusal(what: string): RpcFailure {
  return new RpcFailure(RPC_CODES.invalidRequest, `Invalid request: ${what}.`);
}
