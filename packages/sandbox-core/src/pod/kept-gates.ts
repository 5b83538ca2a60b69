import type { PodLink } from "../ports/host.ts";
import { KeptReady } from "./kept-ready.ts";

/** How long whoever wants a gate waits for one that is being made, before they make one themselves. */
const PATIENCE_MS = 2000;

/** A gate that is ready and whose pod is nobody's yet: nothing ran in it, and nothing gets out of it. */
export interface KeptGate {
  readonly link: PodLink;
  /** What takes all of it back; whoever takes the gate owns it. */
  readonly scope: AsyncDisposableStack;
}

/** How a gate that is kept ready is made. */
export interface GateKeeping<Gate extends KeptGate> {
  /** Make one that is ready; a failure or the signal takes everything back. */
  readonly make: (signal: AbortSignal) => Promise<Gate>;
  /** How long after one was given away the next is made. */
  readonly laterMs: number;
}

/**
 * Keeps one gate ready for whoever comes next. What fails is not told, for whoever comes makes a gate then.
 *
 * Disposing takes away the one that nobody has.
 */
export class KeptGates<Gate extends KeptGate> implements AsyncDisposable {
  readonly #make: GateKeeping<Gate>["make"];
  readonly #closed = new AbortController();
  readonly #kept: KeptReady<Promise<Gate | undefined>>;

  constructor({ make, laterMs }: GateKeeping<Gate>) {
    this.#make = make;
    this.#kept = new KeptReady({ begin: () => this.#begin(), end: drop, laterMs });
  }

  /** Somebody may want one soon. */
  expect(): void {
    this.#kept.expect();
  }

  /** The next one will want one, too. */
  expectLater(): void {
    this.#kept.expectLater();
  }

  /** Take the gate that is ready, or that soon will be; `undefined` where there is none. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<Gate | undefined> {
    const taken = this.#kept.take();
    if (taken === undefined) return undefined;
    try {
      const gate = await abortable(taken, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
      // Its container may have been taken away, or its engine have ended, while nobody looked.
      if (gate === undefined || (gate.link.state() === "ready" && !this.#closed.signal.aborted)) return gate;
    } catch {
      // Nobody waits until one that is still being made can be taken away.
      void this.#kept.putBack(taken);
      signal.throwIfAborted();
      return undefined;
    }
    await drop(taken);
    return undefined;
  }

  /** Nobody is there any more who might want one: take it away until it is expected again. */
  async rest(): Promise<void> {
    await this.#kept.rest();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#kept[Symbol.asyncDispose]();
  }

  #begin(): Promise<Gate | undefined> {
    const making: Promise<Gate | undefined> = this.#make(this.#closed.signal).catch(() => {
      this.#kept.forget(making);
      return undefined;
    });
    return making;
  }
}

/** Never rejects: what cannot be taken back now is found by its labels when the daemon starts. */
async function drop(gate: Promise<KeptGate | undefined>): Promise<void> {
  await (await gate)?.scope.disposeAsync().catch(() => undefined);
}

/** A promise, or the signal's reason when that is sooner. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => {
    aborted.reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
