import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { failedResult, type ToolResult } from "../interceptors/tool-call.ts";
import { CODE_MODE_LIMITS, type CodeModeLimits } from "./limits.ts";
import { renderOutcome } from "./render-outcome.ts";
import { ScriptThread, type CodeModeScript } from "./script-thread.ts";
import { Turns } from "./turns.ts";

/** What a person may set of the engine. */
export interface CodeModeSettings {
  readonly limits?: Partial<CodeModeLimits>;
  /** Scripts that run at one time; others wait. Each may take the memory of its limit. */
  readonly runs?: number;
  /** How long a thread that is ready is kept for the next script; none is with 0. */
  readonly keepMs?: number;
}

/**
 * Runs scripts of agents, each in a machine, a memory and a thread of its own that end with it.
 *
 * Nothing is loaded before the first script. After it one thread is kept ready, until none has come for a while.
 */
export interface CodeModeEngine extends AsyncDisposable {
  /**
   * Run a script over some tools. What goes wrong inside, limits too, is a result with `isError`.
   *
   * @throws the signal's reason
   */
  run(script: CodeModeScript, signal: AbortSignal): Promise<ToolResult>;
}

const RUNS = 8;
const KEEP_MS = 5 * 60_000;

/** Make an engine. Disposing ends every script. */
export function createCodeModeEngine({ limits, runs = RUNS, keepMs = KEEP_MS }: CodeModeSettings = {}): CodeModeEngine {
  return new Engine({ ...CODE_MODE_LIMITS, ...limits }, { runs, keepMs });
}

class Engine implements CodeModeEngine {
  readonly #limits: CodeModeLimits;
  readonly #turns: Turns;
  readonly #keepMs: number;
  readonly #disposed = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #wasm: Promise<WebAssembly.Module> | undefined;
  #ready: Promise<ScriptThread> | undefined;
  #keep: NodeJS.Timeout | undefined;

  constructor(limits: CodeModeLimits, { runs, keepMs }: { readonly runs: number; readonly keepMs: number }) {
    this.#limits = limits;
    this.#turns = new Turns(runs);
    this.#keepMs = keepMs;
  }

  async run(script: CodeModeScript, signal: AbortSignal): Promise<ToolResult> {
    const bytes = Buffer.byteLength(script.script);
    if (bytes > this.#limits.scriptBytes) return failedResult(`Error running script: it has ${bytes} bytes, more than the ${this.#limits.scriptBytes} that a script may have.`);
    const either = AbortSignal.any([signal, this.#disposed.signal]);
    const run = this.#turns.take(() => this.#run(script, either), either);
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort(new Error("the engine for scripts was closed"));
    await Promise.allSettled(this.#running);
    await this.#drop();
  }

  async #run(script: CodeModeScript, signal: AbortSignal): Promise<ToolResult> {
    await using thread = await this.#take();
    this.#prepare();
    const outcome = await thread.run(script, signal);
    return renderOutcome(outcome, this.#limits);
  }

  async #take(): Promise<ScriptThread> {
    const ready = this.#ready;
    this.#ready = undefined;
    const thread = await ready;
    return thread === undefined || thread.ended ? this.#start() : thread;
  }

  /** Have a thread wait for the next script, for a while. */
  #prepare(): void {
    if (this.#disposed.signal.aborted || this.#keepMs === 0) return;
    this.#ready ??= this.#start();
    // Whoever takes it meets its failure.
    this.#ready.catch(() => undefined);
    clearTimeout(this.#keep);
    this.#keep = setTimeout(() => void this.#drop(), this.#keepMs).unref();
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#keep);
    const ready = this.#ready;
    this.#ready = undefined;
    const [thread] = await Promise.allSettled([ready]);
    if (thread.status === "fulfilled") await thread.value?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<ScriptThread> {
    this.#wasm ??= readFile(fileURLToPath(import.meta.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"))).then((bytes) => WebAssembly.compile(bytes));
    return ScriptThread.start(await this.#wasm, this.#limits);
  }
}
