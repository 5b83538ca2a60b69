import type { Duplex } from "node:stream";
import { AppError, ContainerPodId, type RecordEvent, type SandboxId } from "@sbx/contracts";
import { gateContainer } from "../pod/gate-container.ts";
import type { ContainerView, Engine, EngineId } from "../ports/engine.ts";
import type { ContainerFiles, ContainerLink, ContainerNetwork } from "../ports/container-host.ts";
import type { ImageMaker } from "../ports/host.ts";
import { LABELS } from "../sandbox/labels.ts";
import { TurnQueue } from "../sandbox/turn-queue.ts";
import type { ChildNetwork, ChildPod, KnownChild, PublishedPort } from "./child-pod.ts";

/** How long a gate may take to hand over its listeners. */
const GATE_TIMEOUT_MS = 20_000;

/** Everything that the pods of agents' containers need of the world. */
export interface ContainerPodParts {
  readonly sandbox: SandboxId;
  /** Rejects with `ENGINE_UNREACHABLE` while there is none. */
  readonly engine: () => Promise<Engine>;
  readonly images: () => Promise<Pick<ImageMaker, "gate">>;
  readonly network: ContainerNetwork;
  readonly files: ContainerFiles;
  readonly owner: string;
  readonly record: RecordEvent;
}

interface Held {
  child: ChildPod;
  gate: EngineId;
  /** Absent while its gate does not run. */
  link: ContainerLink | undefined;
  published: readonly PublishedPort[];
}

/**
 * The pods of one agent's containers: each container has a gate of its own, and the sandbox's rules.
 *
 * Disposing lets go of them: nothing gets out any more, and what runs goes on. The next one takes them back.
 */
export class ContainerPods implements AsyncDisposable {
  readonly #parts: ContainerPodParts;
  readonly #held = new Map<ContainerPodId, Held>();
  readonly #turns = new TurnQueue();

  constructor(parts: ContainerPodParts) {
    this.#parts = parts;
  }

  /** Take back the pods of children that were there before; take away those that are nobody's. */
  async resume(children: readonly KnownChild[]): Promise<ReadonlyMap<ContainerPodId, readonly PublishedPort[]>> {
    const gates = await this.#gates();
    const known = new Set(children.map(({ id }) => id));
    const engine = await this.#parts.engine();
    for (const { id, pod } of gates) {
      if (pod !== undefined && known.has(pod)) continue;
      await engine.remove(id);
    }
    for (const id of await this.#parts.files.list()) if (!known.has(id)) await this.#parts.files.remove(id);
    for (const { gate, running: _running, ports: _ports, ...child } of children) this.#held.set(child.id, { child, gate, link: undefined, published: [] });
    const running = new Set(gates.filter(({ state }) => state === "running").map(({ id }) => id));
    const taken = await Promise.all(children.filter((child) => child.running && running.has(child.gate)).map(async (child) => [child.id, await this.#takeBack(child)] as const));
    return new Map(taken);
  }

  /** Make a gate that runs. @throws AppError `ENGINE_FAILED`, `POD_FAILED` */
  async open(child: ChildPod): Promise<EngineId> {
    return this.#turns.take(child.id, async () => {
      const { files, network, sandbox } = this.#parts;
      await using undo = new AsyncDisposableStack();
      undo.defer(() => files.remove(child.id));
      const link = await network.open({ child, sandbox, directory: await files.podDirectory(child.id), resume: false });
      undo.defer(() => link[Symbol.asyncDispose]());
      const gate = await this.#makeGate(child, link);
      undo.defer(async () => (await this.#parts.engine()).remove(gate));
      await this.#startGate(child, { gate, link });
      this.#held.set(child.id, { child, gate, link, published: [] });
      undo.move();
      return gate;
    });
  }

  /** Resolves when the gate runs, has handed over, and the ports are published. @throws AppError `POD_FAILED`, `ENGINE_FAILED` */
  async ready(id: ContainerPodId, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    return this.#turns.take(id, async () => {
      const held = this.#find(id);
      const link = await this.#running(held);
      if (held.published.length === 0 && ports.length > 0) held.published = await this.#publish(held, link, await this.#wanted(id, ports));
      return held.published;
    });
  }

  /** The child is in these networks from now on. */
  async rejoin(id: ContainerPodId, networks: readonly ChildNetwork[]): Promise<void> {
    await this.#change(id, { networks });
  }

  /** The child has another name from now on. */
  async rename(id: ContainerPodId, name: string): Promise<void> {
    await this.#change(id, { name });
  }

  /** Serve a port of the agent's `localhost`; 0 is any. @throws AppError `POD_FAILED` when it is taken */
  listen(port: number, serve: (connection: Duplex) => void): Promise<AsyncDisposable & { readonly port: number }> {
    return this.#parts.network.listen(this.#parts.sandbox, port, serve);
  }

  /** Take gate, policy and files away. Resolves when they are gone, also if they never were. */
  async close(id: ContainerPodId): Promise<void> {
    await this.#turns.take(id, async () => {
      const held = this.#held.get(id);
      this.#held.delete(id);
      // The daemon's end goes before its gate, so that the gate's end is not taken for a fault.
      await held?.link?.[Symbol.asyncDispose]();
      if (held !== undefined) await (await this.#parts.engine()).remove(held.gate);
      await this.#parts.files.remove(id);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const held of this.#held.values()) {
      await held.link?.[Symbol.asyncDispose]();
      held.link = undefined;
    }
  }

  async #change(id: ContainerPodId, now: Partial<Pick<ChildPod, "name" | "networks">>): Promise<void> {
    await this.#turns.take(id, () => {
      const held = this.#held.get(id);
      if (held !== undefined) {
        held.child = { ...held.child, ...now };
        held.link?.change(held.child);
      }
      return Promise.resolve();
    });
  }

  #find(id: ContainerPodId): Held {
    const held = this.#held.get(id);
    if (held === undefined) throw podFailed("The container's pod is gone");
    return held;
  }

  /** The link of a pod whose gate runs; one whose gate ended gets it started again, in a network namespace of its own. */
  async #running(held: Held): Promise<ContainerLink> {
    const { network, sandbox, files } = this.#parts;
    const { child, gate } = held;
    const view = await (await this.#parts.engine()).inspect(gate);
    if (held.link !== undefined && view?.state === "running") return held.link;
    if (view === undefined) throw podFailed("The container's gate is gone");
    await held.link?.[Symbol.asyncDispose]();
    held.link = undefined;
    held.published = [];
    if (view.state === "running") await (await this.#parts.engine()).stop(gate, 0);
    const link = await network.open({ child, sandbox, directory: await files.podDirectory(child.id), resume: false });
    try {
      await this.#startGate(child, { gate, link });
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
    held.link = link;
    return link;
  }

  async #takeBack({ id, ports, name }: KnownChild): Promise<readonly PublishedPort[]> {
    const { network, sandbox, files, record } = this.#parts;
    const held = this.#find(id);
    try {
      held.link = await network.open({ child: held.child, sandbox, directory: await files.podDirectory(id), resume: true });
      await held.link.ready(AbortSignal.timeout(GATE_TIMEOUT_MS));
      held.published = await this.#publish(held, held.link, await this.#wanted(id, ports));
    } catch (error) {
      // It runs on and reaches nothing. The others are served all the same.
      record({ type: "gate.cut-off", sandbox, fields: { container: name, reason: AppError.is(error) ? error.message : "the pod could not be taken back" } });
    }
    return held.published;
  }

  /** The ports that were published before, where they are still what is asked for: clients know their numbers. */
  async #wanted(id: ContainerPodId, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    const before = await this.#parts.files.notedPorts(id);
    return ports.map((port, index) => {
      const noted = before[index];
      return port.hostPort === 0 && noted?.containerPort === port.containerPort ? noted : port;
    });
  }

  async #publish({ child }: Held, link: ContainerLink, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    const published = await link.publish(ports);
    await this.#parts.files.notePorts(child.id, published);
    return published;
  }

  async #makeGate({ id, hostname }: ChildPod, { socketDirectory }: ContainerLink): Promise<EngineId> {
    const { owner, sandbox } = this.#parts;
    const image = await (await this.#parts.images()).gate(() => undefined, AbortSignal.timeout(GATE_TIMEOUT_MS));
    const labels = { [LABELS.owner]: owner, [LABELS.sandbox]: sandbox, [LABELS.role]: "child-gate", [LABELS.pod]: id };
    return (await this.#parts.engine()).create(gateContainer({ name: `sbx-child-gate-${id.slice(4)}`, image, labels, hostname, socketDirectory }));
  }

  async #startGate({ name }: ChildPod, { gate, link }: { readonly gate: EngineId; readonly link: ContainerLink }): Promise<void> {
    await (await this.#parts.engine()).start(gate);
    await link.ready(AbortSignal.timeout(GATE_TIMEOUT_MS)).catch((cause: unknown) => {
      if (AppError.is(cause)) throw cause;
      throw podFailed(`The gate of the container "${name}" did not hand over its listeners`, cause);
    });
  }

  /** The gates of this sandbox's containers that the engine has. */
  async #gates(): Promise<readonly { readonly id: EngineId; readonly state: ContainerView["state"]; readonly pod: ContainerPodId | undefined }[]> {
    const { owner, sandbox } = this.#parts;
    const views = await (await this.#parts.engine()).list([`${LABELS.owner}=${owner}`, `${LABELS.sandbox}=${sandbox}`, `${LABELS.role}=child-gate`]);
    return views.map(({ id, state, labels }) => ({ id, state, pod: podIdOf(labels[LABELS.pod]) }));
  }
}

function podIdOf(label: string | undefined): ContainerPodId | undefined {
  return ContainerPodId.safeParse(label).data;
}

function podFailed(message: string, cause?: unknown): AppError {
  return new AppError("POD_FAILED", { message, fix: "Remove the container and start it anew, with docker rm and docker run.", ...(cause === undefined ? {} : { cause }) });
}
