import type { ServerPodId } from "@sbx/contracts";
import type { SpareLink } from "../ports/server-host.ts";
import { LABELS } from "../sandbox/labels.ts";
import { createGate, GATE_TIMEOUT_MS, type ServerGate } from "./server-gate.ts";
import type { ServerParts } from "./server-parts.ts";

/** How long a gate is kept for which nobody has come. */
const KEPT_MS = 10 * 60_000;
/** A server that was just started has its own work to do first. */
const LATER_MS = 2000;

/** A gate that is ready and whose pod is nobody's yet: nothing ran in it, and nothing gets out of it. */
export interface SpareGate extends ServerGate<SpareLink> {
  readonly id: ServerPodId;
  /** What takes all of it back; whoever takes the gate owns it. */
  readonly scope: AsyncDisposableStack;
}

/**
 * Keeps one gate ready, since most of the time that a server needs to start is its gate's. Each is given away once.
 *
 * Disposing takes away the one that nobody has.
 */
export class SpareGates implements AsyncDisposable {
  readonly #parts: ServerParts;
  readonly #closed = new AbortController();
  #spare: Promise<SpareGate | undefined> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  /** Somebody may want one soon: make it, unless there is one. Whatever fails is not told, for whoever starts a server makes a gate then. */
  expect(): void {
    if (this.#parts.spareGates !== true || this.#closed.signal.aborted) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      void this.#drop();
    }, KEPT_MS).unref();
    if (this.#spare !== undefined) return;
    const making = this.#make().catch(() => {
      if (this.#spare === making) this.#spare = undefined;
      return undefined;
    });
    this.#spare = making;
  }

  /** The next server will want one, too. */
  expectLater(): void {
    clearTimeout(this.#later);
    if (!this.#closed.signal.aborted)
      this.#later = setTimeout(() => {
        this.expect();
      }, LATER_MS).unref();
  }

  /** Take the gate that is ready, or that soon will be; `undefined` where there is none. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<SpareGate | undefined> {
    const taken = this.#spare;
    if (taken === undefined) return undefined;
    this.#spare = undefined;
    const spare = await abortable(taken, signal).catch(async (error: unknown) => {
      if (this.#spare === undefined && !this.#closed.signal.aborted) this.#spare = taken;
      else await drop(taken);
      throw error;
    });
    // Its container may have been taken away, or its engine have ended, while nobody looked.
    if (spare === undefined || (spare.link.state() === "ready" && !this.#closed.signal.aborted)) return spare;
    await drop(taken);
    return undefined;
  }

  /** Nobody is there any more who might want one: take it away until it is expected again. */
  async rest(): Promise<void> {
    clearTimeout(this.#idle);
    clearTimeout(this.#later);
    await this.#drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.rest();
  }

  async #drop(): Promise<void> {
    const dropped = this.#spare;
    this.#spare = undefined;
    await drop(dropped);
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
async function drop(spare: Promise<SpareGate | undefined> | undefined): Promise<void> {
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
