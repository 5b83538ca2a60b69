import type { ServerPodId } from "@sbx/contracts";
import type { SpareLink } from "../ports/server-host.ts";
import { KeptReady } from "../pod/kept-ready.ts";
import { LABELS } from "../sandbox/labels.ts";
import { createGate, GATE_TIMEOUT_MS, type ServerGate } from "./server-gate.ts";
import type { ServerParts } from "./server-parts.ts";

/** A server that was just started has its own work to do first. */
const LATER_MS = 2000;

/** A gate that is ready and whose pod is nobody's yet: nothing ran in it, and nothing gets out of it. */
export interface SpareGate extends ServerGate<SpareLink> {
  readonly id: ServerPodId;
  /** What takes all of it back; whoever takes the gate owns it. */
  readonly scope: AsyncDisposableStack;
}

/**
 * Keeps one gate ready for the next server. What fails is not told, for whoever starts a server makes a gate then.
 *
 * Disposing takes away the one that nobody has.
 */
export class SpareGates implements AsyncDisposable {
  readonly #parts: ServerParts;
  readonly #closed = new AbortController();
  readonly #kept: KeptReady<Promise<SpareGate | undefined>>;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#kept = new KeptReady({ begin: () => this.#begin(), end: drop, laterMs: LATER_MS });
  }

  /** Somebody may want one soon. */
  expect(): void {
    if (this.#parts.spareGates === true) this.#kept.expect();
  }

  /** The next server will want one, too. */
  expectLater(): void {
    if (this.#parts.spareGates === true) this.#kept.expectLater();
  }

  /** Take the gate that is ready, or that soon will be; `undefined` where there is none. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<SpareGate | undefined> {
    const taken = this.#kept.take();
    if (taken === undefined) return undefined;
    const spare = await abortable(taken, signal).catch(async (error: unknown) => {
      await this.#kept.putBack(taken);
      throw error;
    });
    // Its container may have been taken away, or its engine have ended, while nobody looked.
    if (spare === undefined || (spare.link.state() === "ready" && !this.#closed.signal.aborted)) return spare;
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

  #begin(): Promise<SpareGate | undefined> {
    const making: Promise<SpareGate | undefined> = this.#make().catch(() => {
      this.#kept.forget(making);
      return undefined;
    });
    return making;
  }

  async #make(): Promise<SpareGate> {
    const { files, network, owner, newId } = this.#parts;
    const id = newId();
    const { signal } = this.#closed;
    await using made = new AsyncDisposableStack();
    const engine = await this.#parts.engine();
    const image = await (await this.#parts.images()).gate(() => undefined, signal);
    made.defer(() => files.remove(id));
    const labels = { [LABELS.owner]: owner, [LABELS.role]: "server-gate", [LABELS.pod]: id };
    const gate = await createGate(this.#parts, { id, engine, image, labels, open: (place) => network.openSpare(place), signal, scope: made });
    await engine.start(gate.container, signal);
    await gate.link.ready(AbortSignal.any([signal, AbortSignal.timeout(GATE_TIMEOUT_MS)]));
    return { id, ...gate, scope: made.move() };
  }
}

/** What cannot be taken back now is found by its labels when the daemon starts. */
async function drop(spare: Promise<SpareGate | undefined>): Promise<void> {
  await (await spare)?.scope.disposeAsync().catch(() => undefined);
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
