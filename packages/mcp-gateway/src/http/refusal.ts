import type { ServerResponse } from "node:http";
import type { Json } from "../jsonrpc/json.ts";
import { jsonFromMessage, RPC_CODES, type RequestId } from "../jsonrpc/message.ts";

/** A request over HTTP that is refused before a session saw it. */
export class HttpRefusal extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "HttpRefusal" });
  }

  readonly status: number;
  readonly code: number;
  readonly id: RequestId | undefined;
  readonly data: Json | undefined;

  constructor(status: number, message: string, { code = RPC_CODES.connectionClosed, id, data }: { readonly code?: number; readonly id?: RequestId | undefined; readonly data?: Json } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.id = id;
    this.data = data;
  }
}

const ALLOW = { allow: "GET, POST, DELETE" } as const;

/** Answer with an error of JSON-RPC, and close the connection when its body was not read. */
export function refuse(response: ServerResponse, { status, message, code, id, data }: HttpRefusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(jsonFromMessage({ kind: "error", id, error: { code, message, ...(data === undefined ? {} : { data }) } }));
  const unread = !response.req.complete;
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...(status === 405 ? ALLOW : {}), ...(unread ? { connection: "close" } : {}) });
  response.end(body);
}
