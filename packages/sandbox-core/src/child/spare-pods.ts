import type { ChildPlace, ChildPod } from "./child-pod.ts";
import { beginGate, endGate, type ChildGate } from "./child-gate.ts";
import type { ContainerPodParts } from "./container-pods.ts";

/** How long a pod is kept for which nobody has come. */
const KEPT_MS = 10 * 60_000;
/** A container that was just started has its own work to do first. */
const LATER_MS = 500;

/** A pod that is nobody's yet: in no network, with no name, and nothing ran in it. */
export interface SparePod extends ChildPlace {
  /** Its gate; `undefined` where it could not be made. */
  readonly made: Promise<ChildGate | undefined>;
}

/**
 * Keeps one pod of a sandbox ready while its agent uses its Docker API, since most of the time that a container needs to start is
 * its gate's. Each is given away once.
 *
 * Disposing takes away the one that nobody has. What is left after a crash has the labels of any child's gate, and goes as those do.
 */
export class SparePods implements AsyncDisposable {
  readonly #parts: ContainerPodParts;
  #spare: SparePod | undefined;
  #idle: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(parts: ContainerPodParts) {
    this.#parts = parts;
  }

  /** Somebody may want one soon: make it, unless there is one or will be. Whatever fails is not told: a pod is made then when it is wanted. */
  expect(): void {
    const { newPlace } = this.#parts;
    if (newPlace === undefined || this.#ended) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#drop(), KEPT_MS).unref();
    if (this.#spare === undefined && this.#later === undefined) this.#spare = this.#begin(newPlace());
  }

  /** Take the pod that is ready, or soon will be; the next one is made later. */
  take(): SparePod | undefined {
    const taken = this.#spare;
    this.#spare = undefined;
    if (this.#parts.newPlace !== undefined && !this.#ended)
      this.#later ??= setTimeout(() => {
        this.#later = undefined;
        this.expect();
      }, LATER_MS).unref();
    return taken;
  }

  /** Nobody used the one that was taken. */
  async putBack(spare: SparePod): Promise<void> {
    if (this.#spare === undefined && !this.#ended) this.#spare = spare;
    else await this.#end(spare);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#later);
    await this.#drop();
  }

  #begin(place: ChildPlace): SparePod {
    const child: ChildPod = { ...place, name: "spare", networks: [], hosts: [] };
    return { ...place, made: beginGate(this.#parts, child).catch(() => undefined) };
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#idle);
    const dropped = this.#spare;
    this.#spare = undefined;
    if (dropped !== undefined) await this.#end(dropped);
  }

  /** What cannot be taken back now is found by its labels when the sandbox ends, or the daemon starts. */
  async #end({ id, made }: SparePod): Promise<void> {
    const gate = await made;
    if (gate !== undefined) await endGate(this.#parts, { id, ...gate }).catch(() => undefined);
  }
}
