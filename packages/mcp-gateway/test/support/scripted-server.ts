import { PassThrough } from "node:stream";
import type { JsonObject } from "../../src/jsonrpc/json.ts";
import type { RunningServer } from "../../src/ports.ts";

/** A message as a scripted server sees and writes it. */
export type Wire = { [key: string]: unknown };

/** What a scripted server does with a request; gives the result, or throws `{ code, message }`. */
export type Handle = (params: Record<string, unknown>, server: ScriptedServer, id: unknown) => unknown;

/** A server in this process, on streams like a real one's, that says exactly what a test wants. */
export class ScriptedServer {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly seen: Wire[] = [];
  stopped = false;
  readonly #exit = Promise.withResolvers<number>();
  readonly #handlers: Record<string, Handle>;
  readonly #answers = new Map<number, (message: Wire) => void>();
  readonly #waiting: { readonly fits: (message: Wire) => boolean; readonly done: (message: Wire) => void }[] = [];
  #buffer = "";
  #ids = 0;

  constructor(handlers: Record<string, Handle> = {}) {
    this.#handlers = {
      initialize: (params) => ({ protocolVersion: params["protocolVersion"], capabilities: { tools: { listChanged: true } }, serverInfo: { name: "scripted", version: "1" } }),
      "tools/list": () => ({ tools: [] }),
      ping: () => ({}),
      ...handlers,
    };
    this.stdin.on("data", (chunk: Buffer) => {
      this.#buffer += chunk.toString("utf8");
      const lines = this.#buffer.split("\n");
      this.#buffer = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") void this.#take(JSON.parse(line) as Wire);
    });
  }

  get running(): RunningServer {
    return {
      stdin: this.stdin,
      stdout: this.stdout,
      stderr: this.stderr,
      exit: this.#exit.promise,
      [Symbol.asyncDispose]: async () => {
        this.stopped = true;
        this.die(0);
        await this.#exit.promise;
      },
    };
  }

  die(code: number): void {
    this.#exit.resolve(code);
  }

  raw(text: string): void {
    this.stdout.write(text);
  }

  say(message: Wire): void {
    this.raw(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  notify(method: string, params?: JsonObject): void {
    this.say({ method, ...(params === undefined ? {} : { params }) });
  }

  /** Ask the gateway something; gives its whole answer. */
  async ask(method: string, params?: unknown): Promise<Wire> {
    this.#ids += 1;
    const id = this.#ids;
    const answer = Promise.withResolvers<Wire>();
    this.#answers.set(id, answer.resolve);
    this.say({ id, method, ...(params === undefined ? {} : { params }) });
    return await answer.promise;
  }

  /** Wait for a message of the gateway, or give one that came before. */
  async sees(method: string): Promise<Wire> {
    const fits = (message: Wire): boolean => message["method"] === method;
    const before = this.seen.find(fits);
    if (before !== undefined) return before;
    const found = Promise.withResolvers<Wire>();
    this.#waiting.push({ fits, done: found.resolve });
    return await found.promise;
  }

  async #take(message: Wire): Promise<void> {
    this.seen.push(message);
    for (const { fits, done } of this.#waiting) if (fits(message)) done(message);
    const { id, method, params } = message;
    if (method === undefined) {
      this.#answers.get(Number(id))?.(message);
      return;
    }
    if (id === undefined) return;
    const handler = this.#handlers[String(method)];
    if (handler === undefined) {
      this.say({ id, error: { code: -32601, message: "Method not found" } });
      return;
    }
    try {
      const result = await handler((params ?? {}) as Record<string, unknown>, this, id);
      if (result !== undefined) this.say({ id, result });
    } catch (error) {
      this.say({ id, error });
    }
  }
}

/** A definition of a tool that takes anything. */
export function aTool(name: string, more: JsonObject = {}): JsonObject {
  return { name, description: `does ${name}`, inputSchema: { type: "object" }, ...more };
}

/** Handlers of a server with these tools, each of which answers with its name and arguments. */
export function withTools(...tools: readonly (string | JsonObject)[]): Record<string, Handle> {
  return {
    "tools/list": () => ({ tools: tools.map((tool) => (typeof tool === "string" ? aTool(tool) : tool)) }),
    "tools/call": (params) => ({ content: [{ type: "text", text: `${String(params["name"])} ${JSON.stringify(params["arguments"])}` }] }),
  };
}
