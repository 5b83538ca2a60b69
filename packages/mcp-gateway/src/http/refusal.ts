import type { ServerResponse } from "node:http";
import type { Json } from "../jsonrpc/json.ts";
import { jsonFromMessage, RPC_CODES, type RequestId } from "../jsonrpc/message.ts";
import { discardBody } from "./discard-body.ts";

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

/** Answer with an error of JSON-RPC. A connection whose body was not read is closed, once its client could see the answer. */
export function refuse(response: ServerResponse, { status, message, code, id, data }: HttpRefusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify(jsonFromMessage({ kind: "error", id, error: { code, message, ...(data === undefined ? {} : { data }) } })));
  const { req: request } = response;
  const unread = !request.complete;
  const headers = { "content-type": "application/json", "content-length": body.length, "cache-control": "no-store" };
  response.writeHead(status, { ...headers, ...(status === 405 ? ALLOW : {}), ...(unread ? { connection: "close" } : {}) });
  // Whose body did not come in time is given no more of it.
  if (!unread || status === 408) {
    response.end(body);
    return;
  }
  response.on("error", () => undefined);
  response.write(body);
  discardBody(request, () => {
    response.end();
  });
}
