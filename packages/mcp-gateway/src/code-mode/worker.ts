// The thread of one script: gets ready, runs what it is sent, and is ended by the gateway. It knows nothing of the gateway
// but two numbers in shared memory and its messages.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import imported from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant } from "quickjs-emscripten-core";
import { type FromWorker, SENT, type StopReason, type ToWorker, WAITING, type WorkerSetup } from "./messages.ts";
import { type Answer, type Caller, ScriptMachine } from "./script-machine.ts";

/** Its types are those of its CommonJS form, where this value is one level deeper. */
const variant = imported as unknown as QuickJSSyncVariant;
const PAGE_BYTES = 64 << 10;
/** What the machine is linked to begin with. */
const FIRST_PAGES = 256;

/** Calls through the port; waits for answers on the shared counter, since nothing else can happen in this thread. */
class PortCaller implements Caller {
  readonly #port: MessagePort;
  readonly #signals: Int32Array;
  readonly #outstanding = new Set<number>();
  readonly #answers = new Map<number, Answer>();
  #next = 1;
  #seen = 0;
  #stopped: StopReason | undefined;
  waitedMs = 0;

  constructor(port: MessagePort, signals: SharedArrayBuffer) {
    this.#port = port;
    this.#signals = new Int32Array(signals);
  }

  /** Looks for a message when there is one: a script that only computes waits for none. */
  get stopped(): StopReason | undefined {
    if (Atomics.load(this.#signals, SENT) !== this.#seen) this.#receive();
    return this.#stopped;
  }

  send(name: string, args: string): number {
    const id = this.#next;
    this.#next += 1;
    this.#outstanding.add(id);
    this.#port.postMessage({ kind: "call", id, name, arguments: args } satisfies FromWorker, []);
    return id;
  }

  wait(wanted?: number): Answer | undefined {
    for (;;) {
      this.#receive();
      if (this.#stopped !== undefined) return undefined;
      const [first] = this.#answers.keys();
      const answer = this.#answers.get(wanted ?? first ?? 0);
      if (answer !== undefined) {
        this.#answers.delete(answer.id);
        return answer;
      }
      if (this.#outstanding.size === 0) return undefined;
      this.#sleep();
    }
  }

  #sleep(): void {
    const began = performance.now();
    Atomics.store(this.#signals, WAITING, 1);
    Atomics.wait(this.#signals, SENT, this.#seen);
    Atomics.store(this.#signals, WAITING, 0);
    this.waitedMs += performance.now() - began;
  }

  #receive(): void {
    // Before the messages are taken, so that none is missed that comes meanwhile.
    this.#seen = Atomics.load(this.#signals, SENT);
    for (let received = receiveMessageOnPort(this.#port); received !== undefined; received = receiveMessageOnPort(this.#port)) {
      const message = received.message as ToWorker;
      if (message.kind === "stop") this.#stopped = message.because;
      if (message.kind !== "answer" && message.kind !== "failed") continue;
      const { id } = message;
      this.#outstanding.delete(id);
      this.#answers.set(id, { id, json: JSON.stringify(message.kind === "answer" ? { text: message.text } : { error: message.error }) });
    }
  }
}

async function main(port: MessagePort, { wasm, memoryBytes, signals }: WorkerSetup): Promise<void> {
  const wasmMemory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: FIRST_PAGES + Math.ceil(memoryBytes / PAGE_BYTES) });
  const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmModule: wasm, wasmMemory }));
  port.once("message", (message: ToWorker) => {
    if (message.kind !== "run") return;
    const outcome = new ScriptMachine(quickjs, message.limits, new PortCaller(port, signals)).run(message.script, message.functions);
    port.postMessage({ kind: "done", outcome } satisfies FromWorker, []);
  });
  port.postMessage({ kind: "ready" } satisfies FromWorker, []);
}

if (parentPort !== null) await main(parentPort, workerData as WorkerSetup);
