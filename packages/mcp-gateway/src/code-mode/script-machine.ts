import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from "quickjs-emscripten-core";
import type { FunctionName } from "./function-names.ts";
import type { CodeModeLimits } from "./limits.ts";
import type { Outcome, StopReason } from "./messages.ts";
import { PRELUDE } from "./prelude.ts";

/** The answer to a call, with the number that the call was given. */
export interface Answer {
  readonly id: number;
  readonly json: string;
}

/** How a script reaches its tools; every string is JSON. Waiting blocks the thread. */
export interface Caller {
  /** Hand a call over; its number. */
  send(name: string, args: string): number;
  /** Wait for the answer to this call, or to any. `undefined` when none is outstanding. */
  wait(id?: number): Answer | undefined;
  /** Why the gateway ended the run, when it did. */
  readonly stopped: StopReason | undefined;
  readonly waitedMs: number;
}

const FILE = "script.js";
/** QuickJS counts its own stack; the thread has far more, because one frame of the machine is several of the thread. */
const STACK_BYTES = 256 << 10;
/** Jobs run between two looks at the limits. */
const JOBS = 1000;

const isString = (context: QuickJSContext, handle: QuickJSHandle | undefined): handle is QuickJSHandle => handle !== undefined && context.typeof(handle) === "string";

/** One virtual machine for one script. It is never used again and never taken apart: its thread ends with it. */
export class ScriptMachine {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #limits: CodeModeLimits;
  readonly #caller: Caller;
  readonly #started = performance.now();
  #prelude: { readonly render: QuickJSHandle; readonly explain: QuickJSHandle; readonly settle: QuickJSHandle } | undefined;
  #stopped: StopReason | undefined;
  #console = "";
  #dropped = 0;
  #lines = 1;
  #calls = 0;

  constructor(quickjs: QuickJSWASMModule, limits: CodeModeLimits, caller: Caller) {
    this.#limits = limits;
    this.#caller = caller;
    this.#runtime = quickjs.newRuntime();
    this.#runtime.setMemoryLimit(limits.memoryBytes);
    this.#runtime.setMaxStackSize(STACK_BYTES);
    this.#runtime.setInterruptHandler(() => this.#isOver());
    this.#context = this.#runtime.newContext();
  }

  /** Run the script to its end, or to a limit. Throws only what the thread itself cannot survive. */
  run(script: string, functions: readonly FunctionName[]): Outcome {
    this.#prelude = this.#prepare(functions);
    this.#lines = script.split("\n").length;
    // One line, so that the script's lines keep their numbers; the line end closes a comment at the script's end.
    const result = this.#context.evalCode(`(async () => {${script}\n})()`, FILE);
    const ended = result.error ? this.#threw(result.error) : this.#follow(result.value);
    const stopped = this.#stopped ?? this.#caller.stopped;
    const rest = { console: this.#console, dropped: this.#dropped };
    return stopped === undefined ? { ...ended, ...rest } : { kind: "stopped", because: stopped, ...rest };
  }

  #isOver(): boolean {
    if (this.#caller.stopped !== undefined) return true;
    if (performance.now() - this.#started - this.#caller.waitedMs > this.#limits.cpuMs) this.#stopped = "cpu";
    return this.#stopped !== undefined;
  }

  #prepare(functions: readonly FunctionName[]): { readonly render: QuickJSHandle; readonly explain: QuickJSHandle; readonly settle: QuickJSHandle } {
    const context = this.#context;
    const call = context.newFunction("call", (index, args, wait) => {
      const name = functions[context.getNumber(index)]?.name;
      return context.newString(this.#call(name, args, context.dump(wait) === true));
    });
    const print = context.newFunction("print", (line, length) => {
      this.#print(isString(context, line) ? context.getString(line) : '""', context.getNumber(length));
    });
    const settings = JSON.stringify({ functions, room: this.#limits.consoleCharacters });
    const parsed = context.unwrapResult(context.evalCode(`(${JSON.stringify(settings)})`, FILE));
    const parse = context.getProp(context.getProp(context.global, "JSON"), "parse");
    const prepared = context.unwrapResult(context.callFunction(parse, context.undefined, parsed));
    const prelude = context.unwrapResult(context.evalCode(PRELUDE, "prelude.js"));
    const made = context.unwrapResult(context.callFunction(prelude, context.global, call, print, prepared));
    return { render: context.getProp(made, "render"), explain: context.getProp(made, "explain"), settle: context.getProp(made, "settle") };
  }

  #call(name: string | undefined, args: QuickJSHandle, wait: boolean): string {
    const context = this.#context;
    this.#calls += 1;
    // The gateway counts too; a flood shall not even reach it.
    if (this.#calls > this.#limits.calls) this.#stopped ??= "calls";
    if (this.#isOver()) return JSON.stringify({ error: "the run was stopped" });
    if (name === undefined || !isString(context, args)) return JSON.stringify({ error: "the arguments of a tool are one object" });
    const length = context.getNumber(context.getProp(args, "length"));
    if (length > this.#limits.argumentBytes) return JSON.stringify({ error: `the arguments are ${length} characters of JSON, more than the ${this.#limits.argumentBytes} bytes that a call may have` });
    const id = this.#caller.send(name, context.getString(args));
    if (!wait) return JSON.stringify({ id });
    return this.#caller.wait(id)?.json ?? JSON.stringify({ error: "the run was stopped" });
  }

  #print(json: string, length: number): void {
    const line: unknown = JSON.parse(json);
    if (typeof line !== "string") return;
    const room = Math.max(0, this.#limits.consoleCharacters - this.#console.length);
    this.#console += `${line}\n`.slice(0, room);
    this.#dropped += Math.max(0, length + 1 - room);
  }

  /** Carry out what the script left to do, answers of tools among it, until its promise is decided. */
  #follow(promise: QuickJSHandle): Ended {
    for (;;) {
      const jobs = this.#runtime.executePendingJobs(JOBS);
      if (jobs.error) return this.#threw(jobs.error);
      const state = this.#context.getPromiseState(promise);
      if (state.type === "fulfilled") return this.#returned(state.value);
      if (state.type === "rejected") return this.#threw(state.error);
      if (this.#isOver()) return NOTHING;
      if (this.#runtime.hasPendingJob()) continue;
      const answer = this.#caller.wait();
      if (this.#caller.stopped !== undefined) return NOTHING;
      if (answer === undefined) return { kind: "threw", message: "the script waits for a promise that nothing will settle", line: undefined };
      this.#settle(answer);
    }
  }

  #settle({ id, json }: Answer): void {
    const context = this.#context;
    if (this.#prelude === undefined) return;
    // What a callback of the script throws here belongs to its promise; only memory can fail, and the next job shows that.
    const settled = context.callFunction(this.#prelude.settle, context.undefined, context.newNumber(id), context.newString(json));
    (settled.error ?? settled.value).dispose();
  }

  #returned(value: QuickJSHandle): Ended {
    const context = this.#context;
    if (this.#prelude === undefined) return NOTHING;
    const text = context.callFunction(this.#prelude.render, context.undefined, value);
    if (text.error) return this.#threw(text.error);
    const length = context.getNumber(context.getProp(text.value, "length"));
    const most = this.#limits.resultBytes;
    if (length > most * 6 + 2) return tooLong(length, most);
    const rendered: unknown = JSON.parse(context.getString(text.value));
    if (typeof rendered !== "string") return NOTHING;
    const bytes = Buffer.byteLength(rendered);
    return bytes > most ? tooLong(bytes, most) : { kind: "returned", value: rendered };
  }

  #threw(error: QuickJSHandle): Ended {
    const context = this.#context;
    if (this.#prelude === undefined) return NOTHING;
    const text = context.callFunction(this.#prelude.explain, context.undefined, error);
    if (text.error) return { kind: "threw", message: "something that cannot be shown was thrown", line: undefined };
    const { name, message, stack } = JSON.parse(context.getString(text.value)) as { readonly name: string; readonly message: string; readonly stack: string };
    if (name === "InternalError" && message === "out of memory") this.#stopped ??= "memory";
    const line = /script\.js:(\d{1,9})/.exec(stack)?.[1];
    return { kind: "threw", message: name === "" ? message : `${name}: ${message}`, line: line === undefined ? undefined : Math.min(Number(line), this.#lines) };
  }
}

type Ended = { readonly kind: "returned"; readonly value: string | undefined } | { readonly kind: "threw"; readonly message: string; readonly line: number | undefined };
const NOTHING: Ended = { kind: "returned", value: undefined };

function tooLong(length: number, most: number): Ended {
  return { kind: "threw", message: `the script returned ${length} bytes, more than the ${most} that a result may have; return less of it`, line: undefined };
}
