import { Agent, request, type IncomingMessage } from "node:http";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";

/** Asks an MCP server; gives the whole answer as text. */
export interface McpClient extends Disposable {
  ask(method: string, params: object): Promise<string>;
}

const LATEST = "2025-06-18";
const INITIALIZE = { protocolVersion: LATEST, capabilities: {}, clientInfo: { name: "bench", version: "1" } };

/** Begin a session over streamable HTTP, on at most so many connections. */
export async function openHttpSession(port: number, connections: number): Promise<McpClient> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let session: string | undefined;
  let last = 0;
  const post = async (message: object): Promise<string> => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session === undefined ? {} : { "mcp-session-id": session, "mcp-protocol-version": LATEST }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request({ host: "127.0.0.1", port, path: "/mcp", method: "POST", agent, headers }, resolve).on("error", reject).end(JSON.stringify(message));
    const response = await promise;
    const given = response.headers["mcp-session-id"];
    if (typeof given === "string") session = given;
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    if ((response.statusCode ?? 500) >= 400) throw new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`);
    return text;
  };
  const ask = async (method: string, params: object): Promise<string> => {
    last += 1;
    return post({ jsonrpc: "2.0", id: last, method, params });
  };
  await ask("initialize", INITIALIZE);
  await post({ jsonrpc: "2.0", method: "notifications/initialized" });
  return {
    ask,
    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}

/** Begin a session on the standard streams of a server. */
export async function openStdioSession({ stdin, stdout }: { readonly stdin: Writable; readonly stdout: Readable }): Promise<McpClient> {
  const waiting = new Map<number, (line: string) => void>();
  let last = 0;
  createInterface({ input: stdout }).on("line", (line) => {
    const { id } = JSON.parse(line) as { readonly id: number };
    waiting.get(id)?.(line);
    waiting.delete(id);
  });
  const ask = async (method: string, params: object): Promise<string> => {
    last += 1;
    const { promise, resolve } = Promise.withResolvers<string>();
    waiting.set(last, resolve);
    stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: last, method, params })}\n`);
    return promise;
  };
  await ask("initialize", INITIALIZE);
  stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
  return { ask, [Symbol.dispose]: () => undefined };
}
