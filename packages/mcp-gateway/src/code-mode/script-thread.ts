import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type CodeModeLimits } from "./limits.ts";
import { type FromWorker, type Outcome, SENT, type StopReason, type ToWorker, WAITING, type WorkerSetup } from "./messages.ts";
import { nameFunctions } from "./function-names.ts";
import { type CallTool, ToolCalls } from "./tool-calls.ts";
import type { CodeModeTool } from "./tool-arguments.ts";

/** One script with what it may call. */
export interface CodeModeScript {
  readonly script: string;
  readonly tools: readonly CodeModeTool[];
  readonly callTool: CallTool;
}

/** The thread's file lies beside this one as source, and in a directory of its own when built. */
const PROGRAM = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./code-mode/worker.js", import.meta.url);
/** Beside the machine's memory: the thread's own heap and a stack that holds the machine's deepest recursion. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 8 };
const LOOK_MS = 100;
/** The machine stops itself at its limit; what does not look at the clock, as a long copy, is stopped from here this much later. */
const GRACE_MS = 500;

const silent = (because: StopReason): Outcome => ({ kind: "stopped", because, console: "", dropped: 0 });

/** A thread for one script. Disposing ends it wherever it is; it is never used for a second one. */
export class ScriptThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #limits: CodeModeLimits;
  readonly #signals = new Int32Array(new SharedArrayBuffer(8));
  readonly #ended: AbortSignal;
  #failed: unknown;

  private constructor(wasm: WebAssembly.Module, limits: CodeModeLimits) {
    this.#limits = limits;
    const workerData: WorkerSetup = { wasm, memoryBytes: limits.memoryBytes, signals: this.#signals.buffer };
    this.#worker = new Worker(PROGRAM, { workerData, resourceLimits: THREAD_LIMITS, env: {}, argv: [], execArgv: [], stdin: true, stdout: true, stderr: true });
    // Without a listener an error of the thread would end the process.
    this.#worker.on("error", (error: unknown) => (this.#failed = error));
    const ended = new AbortController();
    this.#worker.once("exit", () => {
      ended.abort();
    });
    this.#ended = ended.signal;
  }

  /** Resolves when the thread waits for its script. */
  static async start(wasm: WebAssembly.Module, limits: CodeModeLimits): Promise<ScriptThread> {
    const thread = new ScriptThread(wasm, limits);
    try {
      await once(thread.#worker, "message", { signal: thread.#ended });
    } catch (error) {
      throw new Error(`the thread for a script did not start: ${String(thread.#failed)}`, { cause: error });
    }
    // A thread that only waits keeps no process alive; a run's clock does.
    thread.#worker.unref();
    return thread;
  }

  /** Whether it has ended, by itself or not. */
  get ended(): boolean {
    return this.#ended.aborted;
  }

  /**
   * Run the script; resolves when it has ended or must be stopped, which disposing does. Calls under way are cancelled by then.
   *
   * @throws the signal's reason
   */
  async run({ script, tools, callTool }: CodeModeScript, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const calls = new ToolCalls({ tools, callTool, limits: this.#limits, send: (message) => this.#send(message) });
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#worker.on("message", (message: FromWorker) => {
      if (message.kind === "call") calls.take(message);
      if (message.kind === "done") resolve(message.outcome);
    });
    const onEnd = (): void => {
      const because = this.#fault();
      if (because === undefined) reject(new Error("the thread of a script broke", { cause: this.#failed }));
      else resolve(silent(because));
    };
    if (this.ended) onEnd();
    this.#worker.once("exit", onEnd);
    const clock = this.#watch(resolve);
    this.#send({ kind: "run", script, functions: nameFunctions(tools), limits: this.#limits });
    try {
      return await promise;
    } finally {
      clearInterval(clock);
      signal.removeEventListener("abort", onAbort);
      calls.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message, []);
    Atomics.add(this.#signals, SENT, 1);
    Atomics.notify(this.#signals, SENT);
  }

  /** Stop what runs too long, whether it waits or computes without end. */
  #watch(stop: (outcome: Outcome) => void): NodeJS.Timeout {
    const began = performance.now();
    let looked = began;
    let busyMs = 0;
    return setInterval(() => {
      const now = performance.now();
      if (Atomics.load(this.#signals, WAITING) === 0) busyMs += now - looked;
      looked = now;
      if (busyMs > this.#limits.cpuMs + GRACE_MS) stop(silent("cpu"));
      else if (now - began > this.#limits.wallMs) stop(silent("wall"));
    }, LOOK_MS);
  }

  /** Which limit broke the thread, when one did: its stack, its heap, or the machine's memory, at whose end the machine gives up. */
  #fault(): StopReason | undefined {
    if (!(this.#failed instanceof Error)) return undefined;
    if (/call stack/.test(this.#failed.message)) return "nesting";
    return "code" in this.#failed && this.#failed.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : /^Aborted|unreachable|out of (bounds|memory)/i.test(this.#failed.message) ? "memory" : undefined;
  }
}
