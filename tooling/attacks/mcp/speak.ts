import { createInterface } from "node:readline";
import type { ServerProcess } from "@sbx/core";

/** What a server answered. */
export interface Answer {
  readonly result?: { readonly tools?: readonly { readonly name: string }[]; readonly content?: readonly { readonly text: string }[] };
  readonly error?: object;
}

/** Speak MCP by hand, one JSON message a line, after the handshake. */
export async function speak(server: ServerProcess): Promise<(method: string, params: object) => Promise<Answer>> {
  const waiting = new Map<number, (message: Answer) => void>();
  createInterface({ input: server.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as Answer & { readonly id?: number };
    waiting.get(message.id ?? -1)?.(message);
  });
  let errors = "";
  server.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  let last = 0;
  const request = async (method: string, params: object): Promise<Answer> => {
    const id = (last += 1);
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    server.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    const ended = server.exit.then((code): never => {
      throw new Error(`the server ended with ${code}: ${errors}`);
    });
    ended.catch(() => undefined);
    return Promise.race([answered, ended]);
  };
  const { result } = await request("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "attacks", version: "1" } });
  if (result === undefined) throw new Error("no answer to initialize");
  server.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
  return request;
}

/** Names of the tools that a server has. */
export async function toolsOf(request: (method: string, params: object) => Promise<Answer>): Promise<readonly string[]> {
  return ((await request("tools/list", {})).result?.tools ?? []).map(({ name }) => name);
}
