import type { ServerResponse } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Refusal } from "../refusal.ts";
import { gathered } from "../streams/gathered.ts";
import { sendSpent } from "../streams/send-spent.ts";

/** What a route gives back. Streams are owned by the answer: they are destroyed when the client goes. */
export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly text: string }
  | { readonly kind: "empty"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "text"; readonly text: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "stream"; readonly type: string; readonly body: Readable; readonly headers?: Readonly<Record<string, string>> }
  /** The bytes of a file, whose pieces nobody else has. */
  | { readonly kind: "file"; readonly type: string; readonly body: Readable; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "hijack"; readonly type: string; readonly output: Readable; readonly connect: (client: Duplex, rest: Buffer) => void };

/** Answer with JSON. */
export function json(body: unknown, status = 200): Answer {
  return written(JSON.stringify(body), status);
}

/** Answer with JSON that is written already. */
export function written(text: string, status = 200): Answer {
  return { kind: "json", status, text };
}

/** Answer without a body. */
export function empty(status = 204): Answer {
  return { kind: "empty", status };
}

/** What a refusal, or a fault of ours, looks like to a client. A fault says nothing of itself. */
export function refusalAnswer(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof Refusal) return { status: error.status, message: error.message };
  return { status: 500, message: "the guard failed; the daemon's log says how" };
}

/** Write an answer to an ordinary request. */
export async function send(response: ServerResponse, answer: Answer, common: Readonly<Record<string, string>>): Promise<void> {
  const begin = (status: number, headers: Readonly<Record<string, string | number>> = {}): ServerResponse => response.writeHead(status, { ...common, ...headers });
  switch (answer.kind) {
    case "json": {
      // With its length an answer goes out in one write.
      const text = `${answer.text}\n`;
      begin(answer.status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
      return;
    }
    case "empty":
      begin(answer.status, answer.headers).end();
      return;
    case "text":
      begin(200, { ...answer.headers, "content-type": "text/plain; charset=utf-8" }).end(answer.text);
      return;
    case "stream":
      begin(200, { ...answer.headers, "content-type": answer.type }).flushHeaders();
      await pipeline(answer.body, response);
      return;
    case "file":
      begin(200, { ...answer.headers, "content-type": answer.type }).flushHeaders();
      await sendFile(response, answer.body);
      return;
    case "hijack":
      // Without an upgrade the output comes all the same, and nothing can go in.
      begin(200, { "content-type": answer.type }).flushHeaders();
      await pipeline(answer.output, response);
  }
}

/** It goes in larger pieces, and ends with the client. */
async function sendFile(response: ServerResponse, body: Readable): Promise<void> {
  const end = (): void => void body.destroy();
  response.once("close", end);
  try {
    await sendSpent(gathered(body), response);
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    end();
  }
}

/** Write an answer to a request that upgrades: the stream, or an ordinary answer after which the connection ends. */
export function sendUpgraded(socket: Duplex, answer: Answer, rest: Buffer): void {
  if (answer.kind !== "hijack") return endUpgraded(socket, { status: 400, message: "this call gives no stream when it is asked for so" });
  socket.write(`HTTP/1.1 101 UPGRADED\r\nContent-Type: ${answer.type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
  answer.connect(socket, rest);
}

/** Refuse a request that upgrades. Nothing after it on this connection is ever read as a request. */
export function endUpgraded(socket: Duplex, { status, message }: { readonly status: number; readonly message: string }): void {
  const body = `${JSON.stringify({ message })}\n`;
  socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
