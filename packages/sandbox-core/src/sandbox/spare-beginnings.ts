import type { SandboxId } from "@sbx/contracts";
import { KeptGates, type KeptGate } from "../pod/kept-gates.ts";
import type { EngineId } from "../ports/engine.ts";
import type { SparePodLink } from "../ports/host.ts";
import { containerName } from "./labels.ts";
import { awaitGate, sandboxGate } from "./sandbox-gate.ts";
import type { SandboxParts } from "./sandbox-parts.ts";

/** How long an engine may take to take one away when the daemon ends; what is left goes when the next one starts. */
const END_MS = 5000;

/** What every sandbox begins with, and has nothing of its own: an id, a pod, and a gate that runs and has handed over. */
export interface Beginning extends KeptGate {
  readonly id: SandboxId;
  readonly link: SparePodLink;
  readonly gate: EngineId;
  /** The image that the gate was made from. */
  readonly gateImage: EngineId;
}

/**
 * Keeps the beginning of one sandbox ready. Its containers and files are those of a sandbox that nobody remembers: what a
 * daemon that was killed leaves of it goes when the next one starts.
 *
 * Disposing takes away the one that nobody has.
 */
export class SpareBeginnings implements AsyncDisposable {
  /** `undefined` where none is kept. */
  readonly #kept: KeptGates<Beginning> | undefined;

  constructor(parts: SandboxParts) {
    this.#kept = parts.spares === undefined ? undefined : new KeptGates({ make: (signal) => makeBeginning(parts, signal), laterMs: parts.spares.laterMs });
  }

  /** The next sandbox will want one. */
  expectLater(): void {
    this.#kept?.expectLater();
  }

  /** Take the one that is there with a gate of this image; whoever takes it owns it. Rejects with the signal's reason. */
  async take(gateImage: EngineId, signal: AbortSignal): Promise<Beginning | undefined> {
    const taken = await this.#kept?.take(signal);
    if (taken === undefined || taken.gateImage === gateImage) return taken;
    await giveUp(taken);
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const patience = new Promise((resolve) => void setTimeout(resolve, END_MS).unref());
    await Promise.race([this.#kept?.[Symbol.asyncDispose](), patience]);
  }
}

/** Take back one that no sandbox is made of. What cannot be taken back now goes when the daemon starts. */
export async function giveUp({ scope }: Beginning): Promise<void> {
  await scope.disposeAsync().catch(() => undefined);
}

async function makeBeginning(parts: SandboxParts, signal: AbortSignal): Promise<Beginning> {
  const { files, pods } = parts;
  const id = parts.newId();
  await using made = new AsyncDisposableStack();
  const engine = await parts.engine();
  const gateImage = await (await parts.images()).gate(() => undefined, signal);
  made.defer(() => files.remove(id));
  const container: { id?: EngineId } = {};
  // The daemon's end goes before its gate, so that the gate's end is not taken for a fault.
  made.defer(async () => {
    if (container.id !== undefined) await engine.remove(container.id);
  });
  const link = made.use(await pods.openSpare({ id, hostname: containerName({ id }), directory: await files.podDirectory(id) }));
  const gate = await engine.create(sandboxGate(parts, { id, image: gateImage, socketDirectory: link.socketDirectory }), signal);
  container.id = gate;
  await engine.start(gate, signal);
  await awaitGate(link, signal);
  return { id, link, gate, gateImage, scope: made.move() };
}
