import { duplexPair } from "node:stream";
import type { Caller } from "../../src/index.ts";
import type { Wire } from "./scripted-server.ts";
import type { World } from "./world.ts";

/** A client on a stream of lines that keeps all it was told, and answers questions as a test says, which hears notifications too. */
export class LineClient implements AsyncDisposable {
  readonly told: Wire[] = [];
  readonly #write: (text: string) => void;
  readonly #end: () => void;
  readonly #leave: () => void;
  readonly #served: Promise<void>;
  readonly #answers = new Map<number | string, (message: any) => void>(); // oxlint-disable-line typescript/no-explicit-any -- tests look into answers as they like
  readonly #handlers: Readonly<Record<string, (params: any) => unknown>>; // oxlint-disable-line typescript/no-explicit-any -- as above
  readonly #waiting: { readonly fits: (message: Wire) => boolean; readonly done: (message: any) => void }[] = []; // oxlint-disable-line typescript/no-explicit-any -- as above
  #ids = 0;

  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  constructor(world: World, caller: Caller, handlers: Readonly<Record<string, (params: any) => unknown>> = {}) {
    const [mine, its] = duplexPair();
    this.#handlers = handlers;
    this.#served = world.gateway.serveDuplex(its, caller, new AbortController().signal);
    this.#write = (text) => void mine.write(text);
    this.#end = () => void mine.end();
    this.#leave = () => {
      mine.destroy();
      // Of a pair, one side does not hear of the other's end by being destroyed.
      its.destroy();
    };
    let buffer = "";
    mine.on("data", (chunk: Buffer) => {
      buffer += chunk.toString("utf8");
      const lines = buffer.split("\n");
      buffer = lines.pop() ?? "";
      for (const line of lines) void this.#take(JSON.parse(line) as Wire);
    });
  }

  /** Begin: initialize, and say so. */
  static async connect(
    world: World,
    caller: Caller,
    { capabilities = {}, handlers = {}, version = "2025-11-25" }: { readonly capabilities?: object; readonly handlers?: ConstructorParameters<typeof LineClient>[2]; readonly version?: string } = {},
  ): Promise<LineClient> {
    const client = new LineClient(world, caller, handlers);
    await client.ask("initialize", { protocolVersion: version, capabilities, clientInfo: { name: "lines", version: "1" } });
    client.notify("notifications/initialized");
    return client;
  }

  raw(text: string): void {
    this.#write(text);
  }

  notify(method: string, params?: unknown): void {
    this.#write(`${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`);
  }

  /** Send a request, and give its id at once with what will come of it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  begin(method: string, params?: unknown): { readonly id: number; readonly answer: Promise<any> } {
    this.#ids += 1;
    const id = this.#ids;
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(id, answer.resolve);
    this.#write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return { id, answer: answer.promise };
  }

  /** The whole answer: with `result` or `error`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  async ask(method: string, params?: unknown): Promise<any> {
    return await this.begin(method, params).answer;
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  async call(name: string, args: unknown = {}): Promise<any> {
    const { result, error } = await this.ask("tools/call", { name, arguments: args });
    return result ?? { error };
  }

  /** The text of the result of one of the gateway's own tools. */
  async text(name: string, args: unknown = {}): Promise<string> {
    return (await this.call(name, args)).content?.[0]?.text ?? "";
  }

  async toolNames(): Promise<readonly string[]> {
    return (await this.ask("tools/list")).result.tools.map(({ name }: { readonly name: string }) => name);
  }

  /** Wait until it is told something, with these words in it. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  async hears(method: string, words = ""): Promise<any> {
    const fits = (message: Wire): boolean => message["method"] === method && JSON.stringify(message).includes(words);
    const before = this.told.find(fits);
    if (before !== undefined) return before;
    const found = Promise.withResolvers<unknown>();
    this.#waiting.push({ fits, done: found.resolve });
    return await found.promise;
  }

  /** Say nothing more, and wait until the gateway has ended the session. */
  async finish(): Promise<void> {
    this.#end();
    await this.#served;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    await this.#served;
  }

  async #take(message: Wire): Promise<void> {
    const { id, method } = message;
    if (method === undefined) {
      this.#answers.get(id as number)?.(message);
      if (id === null) this.told.push(message);
      return;
    }
    this.told.push(message);
    for (const { fits, done } of this.#waiting) if (fits(message)) done(message);
    const handler = this.#handlers[String(method)];
    if (handler === undefined) return;
    const result = await handler(message["params"]);
    if (id !== undefined && result !== undefined) this.#write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`);
  }
}
