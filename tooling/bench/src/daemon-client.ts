import { request } from "node:http";
import type { Duplex } from "node:stream";
import { createClient, decodeExit, fillPath, FrameReader, STREAM_PROTOCOL, STREAMS, type Client, type Send, type SessionId } from "@sbx/contracts";

/** The daemon's API, a connection for each call as every client of it has. */
export function connectDaemon(socketPath: string): Client {
  const send: Send = ({ method, target, body }, signal) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const asked = request({ socketPath, method, path: target, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) }, agent: false, signal }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).once("error", reject);
        response.once("end", () => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) });
        });
      });
      asked.once("error", reject).end(text);
    });
  return createClient(send);
}

/** Run a command in a sandbox as a program does that speaks to the daemon itself; resolves with its exit code. */
export async function execByApi(client: Client, socketPath: string, { sandbox, command }: { readonly sandbox: string; readonly command: readonly string[] }): Promise<number> {
  const { id } = await client.openSession({ sandbox, kind: "exec", mode: "streams", args: [...command], env: {}, stdin: false });
  return exitOf(await attach(socketPath, id));
}

async function attach(socketPath: string, session: SessionId): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: fillPath(STREAMS.attach, { session }).path, headers: { connection: "Upgrade", upgrade: STREAM_PROTOCOL }, agent: false });
    asked.once("upgrade", (_response, socket, head) => {
      if (head.byteLength > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.once("response", ({ statusCode }) => {
      reject(new Error(`attach was answered with ${statusCode}`));
    });
    asked.once("error", reject).end();
  });
}

async function exitOf(stream: Duplex): Promise<number> {
  const reader = new FrameReader();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const { type, payload } of reader.push(chunk)) {
      if (type === "exit") return decodeExit(payload) ?? Number.NaN;
      if (type === "problem") throw new Error(Buffer.from(payload).toString("utf8"));
    }
  }
  throw new Error("the stream ended without an exit code");
}
