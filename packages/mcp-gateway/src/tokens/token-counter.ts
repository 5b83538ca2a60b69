import { createHash } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { definitionText, type ServerCost, type ServerTools, sessionCost, type SessionCost, type ToolDefinition } from "./tool-cost.ts";

/** What may be set of a counter. */
export interface TokenCounterSettings {
  /** How long the thread that counts is kept when nothing is asked. */
  readonly keepMs?: number;
}

/**
 * Counts what definitions of tools cost in a model's context, in tokens of `o200k_base`. Other models' tokens differ by some
 * tenths; the counts are there to be compared with each other.
 *
 * The first count loads a table of words in a thread of its own, which takes a second; each definition is counted once.
 */
export interface TokenCounter extends AsyncDisposable {
  /** Something new will be counted soon: load the table while that is on its way. */
  expect(): void;
  /** The cost of each definition, in order. @throws the signal's reason */
  count(tools: readonly ToolDefinition[], signal: AbortSignal): Promise<readonly number[]>;
  /** The cost of a session's tools, whole and by server. @throws the signal's reason */
  measure(servers: readonly ServerTools[], signal: AbortSignal): Promise<SessionCost>;
}

const PROGRAM = new URL(import.meta.url.endsWith(".ts") ? "./token-worker.ts" : "./tokens/token-worker.js", import.meta.url);
const KEEP_MS = 30_000;
const MOST_REMEMBERED = 20_000;

/** Make a counter. Nothing is loaded before something is counted. */
export function createTokenCounter({ keepMs = KEEP_MS }: TokenCounterSettings = {}): TokenCounter {
  return new ThreadCounter(keepMs);
}

class ThreadCounter implements TokenCounter {
  readonly #known = new Map<string, number>();
  readonly #keepMs: number;
  #worker: Worker | undefined;
  #keep: NodeJS.Timeout | undefined;
  /** One batch at a time: the thread answers in order and without numbers. */
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  expect(): void {
    if (this.#worker !== undefined || this.#disposed) return;
    // Whoever counts then is told what goes wrong.
    this.#ask([], new AbortController().signal).catch(() => undefined);
  }

  async count(tools: readonly ToolDefinition[], signal: AbortSignal): Promise<readonly number[]> {
    signal.throwIfAborted();
    const asked = tools.map((tool) => {
      const text = definitionText(tool);
      return { text, key: keyOf(text) };
    });
    const counts = new Map<string, number | undefined>(asked.map(({ key }) => [key, this.#known.get(key)]));
    const missing = new Map(asked.filter(({ key }) => counts.get(key) === undefined).map(({ key, text }) => [key, text]));
    const found = missing.size === 0 ? [] : await this.#ask([...missing.values()], signal);
    for (const [at, key] of [...missing.keys()].entries()) counts.set(key, this.#remember(key, found[at] ?? 0));
    return asked.map(({ key }) => counts.get(key) ?? 0);
  }

  async measure(servers: readonly ServerTools[], signal: AbortSignal): Promise<SessionCost> {
    const counts = await this.count(
      servers.flatMap(({ tools }) => tools),
      signal,
    );
    let from = 0;
    const costs = servers.map(({ server, tools }): ServerCost => {
      const own = counts.slice(from, from + tools.length);
      from += tools.length;
      return { server, tools: tools.length, tokens: own.reduce((sum, count) => sum + count, 0) };
    });
    return sessionCost(costs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#drop();
  }

  #remember(key: string, count: number): number {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, count);
    return count;
  }

  async #ask(texts: readonly string[], signal: AbortSignal): Promise<readonly number[]> {
    const turn = this.#last.then(async () => {
      signal.throwIfAborted();
      return this.#countIn(this.#start(), texts);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #countIn(worker: Worker, texts: readonly string[]): Promise<readonly number[]> {
    clearTimeout(this.#keep);
    const ended = new AbortController();
    const onExit = (): void => {
      ended.abort();
    };
    worker.once("exit", onExit).ref();
    worker.postMessage(texts, []);
    try {
      const [counts] = (await once(worker, "message", { signal: ended.signal })) as [readonly number[]];
      return counts;
    } catch (error) {
      throw new Error("the thread that counts tokens ended", { cause: error });
    } finally {
      worker.off("exit", onExit).unref();
      this.#keep = setTimeout(() => void this.#drop(), this.#keepMs).unref();
    }
  }

  #start(): Worker {
    if (this.#disposed) throw new Error("the counter of tokens was closed");
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(PROGRAM, { env: {}, argv: [], execArgv: [], stdin: true, stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: 256 } });
    // Whoever waits is told by another listener; without one here, an error of an idle thread would end the process.
    worker.on("error", () => undefined);
    worker.once("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#keep);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

const keyOf = (text: string): string => createHash("sha256").update(text).digest("base64");
