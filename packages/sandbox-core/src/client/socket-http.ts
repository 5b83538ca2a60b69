import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Send } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { STREAM_PROTOCOL } from "@sbx/contracts/stream";
import { socketError } from "./socket-error.ts";

/** Longest answer that is read, in bytes. */
const MAX_REPLY_BYTES = 64 << 20;

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Carry calls over the daemon's socket, a connection for each. */
export function createSocketSend(socketPath: string): Send {
  return async ({ method, target, body }, signal) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await open(socketPath, {
      method,
      path: target,
      signal,
      ...(text === undefined ? {} : { body: text, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) } }),
    });
    return { status: response.statusCode ?? 0, body: await readJson(response) };
  };
}

/**
 * Begin a request on a connection of its own. A command's start is a wait of the person's: an `import` of "node:http"
 * would also load fetch, TLS and HTTP/2, and its agents compile what tells addresses from names.
 */
export function request(socketPath: string, { headers, ...options }: RequestOptions & { readonly headers: OutgoingHttpHeaders }): ClientRequest {
  const http = process.getBuiltinModule("node:http");
  return http.request({ ...options, headers: { host: "sbxd", connection: "close", ...headers }, createConnection: () => connect(socketPath) });
}

/** Send a request and wait for the head of the answer. */
export async function open(socketPath: string, { method, path, headers = {}, body, signal }: Ask): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(socketPath, { method, path, headers, signal });
    outgoing.once("response", resolve).once("error", (error) => {
      reject(socketError(error));
    });
    outgoing.end(body);
  });
}

/** Ask for the stream of a session: the socket after the daemon has switched protocols. */
export async function upgrade(socketPath: string, { path, signal }: Pick<Ask, "path" | "signal">): Promise<Duplex> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(socketPath, { method: "GET", path, headers: { connection: "Upgrade", upgrade: STREAM_PROTOCOL }, signal });
    outgoing.once("upgrade", (_response, socket, head) => {
      if (head.byteLength > 0) socket.unshift(head);
      resolve(socket);
    });
    outgoing.once("response", (response) => {
      readJson(response)
        .then((json) => {
          reject(AppError.fromJSON(json));
        })
        .catch(reject);
    });
    outgoing.once("error", (error) => {
      reject(socketError(error));
    });
    outgoing.end();
  });
}

/** Read a whole answer as JSON. An answer that is none comes from something that is not our daemon. */
export async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_REPLY_BYTES) throw new Error(`the daemon's answer is over ${MAX_REPLY_BYTES} bytes`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new AppError("DAEMON_UNREACHABLE", { message: "What answers on the daemon's socket is no sbx daemon", fix: "End it, then run: sbx daemon start", cause: error });
    throw socketError(error);
  }
}
