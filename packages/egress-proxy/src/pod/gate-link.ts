import { Socket } from "node:net";
import { AppError, encodeGateRequest, GATE_DIAL_TIMEOUT_MS, GATE_MAX_PENDING, type Delivery } from "@sbx/contracts";
import { closeDescriptor } from "@sbx/syscalls";
import { getSystemErrorName } from "node:util";
import { checkDialled, checkListening } from "./check-descriptors.ts";

/** A gate answers within its own limit; what is later than that is not coming. */
const ANSWER_TIMEOUT_MS = 2 * GATE_DIAL_TIMEOUT_MS + 1000;

type Answer = Extract<Delivery, { readonly id: number }>;
interface Owed {
  readonly op: "dial" | "listen";
  readonly port: number;
  settle(outcome: { readonly fd: number } | { readonly error: unknown }): void;
}

/** The requests that a daemon makes of one gate, and the answers that are owed. */
export class GateLink {
  readonly #owed = new Map<number, Owed>();
  readonly #cookie: bigint;
  #control: Socket | undefined;
  #lastId = 0;

  /** `cookie` is the network namespace that every answer must be from. */
  constructor(cookie: bigint) {
    this.#cookie = cookie;
  }

  get connected(): boolean {
    return this.#control !== undefined;
  }

  /** Use a connection whose descriptor is this link's from now on. `onEnd` is told why it is over: null for a hang-up. */
  attach(connection: number, onEnd: (reason: string | null) => void): void {
    this.#control?.destroy();
    const control = new Socket({ fd: connection, readable: true, writable: true });
    let reason: string | null = null;
    control.on("data", () => {
      reason = "the gate speaks out of turn";
      control.destroy();
    });
    control.on("error", () => control.destroy());
    control.on("end", () => control.destroy());
    control.once("close", () => {
      if (this.#control !== control) return;
      this.#control = undefined;
      this.#fail("The gate of the sandbox has gone.");
      onEnd(reason);
    });
    this.#control = control;
  }

  /** Ask for a socket of the pod. Its descriptor is the caller's. @throws AppError `POD_FAILED` */
  async ask(op: "dial" | "listen", port: number, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const control = this.#control;
    if (control === undefined) throw podFailed("The gate of the sandbox is not there.");
    if (this.#owed.size >= GATE_MAX_PENDING) throw podFailed(`${GATE_MAX_PENDING} requests to the gate are unanswered already.`);
    const id = this.#nextId();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const stop = () => this.#owed.get(id)?.settle({ error: signal.reason });
    const timer = setTimeout(() => this.#owed.get(id)?.settle({ error: podFailed("The gate did not answer in time.") }), ANSWER_TIMEOUT_MS);
    signal.addEventListener("abort", stop, { once: true });
    this.#owed.set(id, {
      op,
      port,
      settle: (outcome) => {
        this.#owed.delete(id);
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        if ("fd" in outcome) resolve(outcome.fd);
        else reject(outcome.error);
      },
    });
    control.write(encodeGateRequest({ op, port, id }));
    return promise;
  }

  /** Take an answer. One that nobody waits for any more is closed. @throws DescriptorRefused */
  take(answer: Answer, descriptor: number | undefined): void {
    const owed = this.#owed.get(answer.id);
    if (owed === undefined) {
      if (descriptor !== undefined) closeDescriptor(descriptor);
      return;
    }
    if (answer.kind === "failed" || descriptor === undefined) {
      const name = answer.kind === "failed" ? errorName(answer.errno) : "no descriptor";
      return owed.settle({ error: podFailed(`Port ${owed.port} of the sandbox could not be ${owed.op === "dial" ? "reached" : "opened"}: ${name}.`) });
    }
    try {
      (owed.op === "dial" ? checkDialled : checkListening)(descriptor, owed.port, this.#cookie);
      owed.settle({ fd: descriptor });
    } catch (error) {
      closeDescriptor(descriptor);
      owed.settle({ error: podFailed("The gate answered with a socket that it was not asked for.") });
      throw error;
    }
  }

  close(): void {
    const control = this.#control;
    this.#control = undefined;
    control?.destroy();
    this.#fail("The sandbox's network was closed.");
  }

  #fail(message: string): void {
    for (const owed of this.#owed.values()) owed.settle({ error: podFailed(message) });
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    while (this.#owed.has(this.#lastId));
    return this.#lastId;
  }
}

/** The one form of a failure of a pod. */
export function podFailed(message: string): AppError {
  return new AppError("POD_FAILED", { message, fix: "Look at the sandbox's network state with: sbx inspect SANDBOX; restart the sandbox if it is degraded or cut off" });
}

function errorName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `error ${errno}`;
  }
}
