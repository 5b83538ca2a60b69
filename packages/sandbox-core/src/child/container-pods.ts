import type { Duplex } from "node:stream";
import { AppError, ContainerPodId, type RecordEvent, type SandboxId } from "@sbx/contracts";
import type { ContainerView, Engine, EngineId } from "../ports/engine.ts";
import type { ContainerFiles, ContainerLink, ContainerNetwork } from "../ports/container-host.ts";
import type { ImageMaker } from "../ports/host.ts";
import type { KeptReady } from "../pod/kept-ready.ts";
import { LABELS } from "../sandbox/labels.ts";
import { TurnQueue } from "../sandbox/turn-queue.ts";
import { beginGate, endGate, GATE_TIMEOUT_MS, podFailed, startGate } from "./child-gate.ts";
import type { ChildNetwork, ChildPlace, ChildPod, KnownChild, PublishedPort } from "./child-pod.ts";
import { keepSparePods, type SparePod } from "./spare-pods.ts";

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
  /** Makes up places for pods that are kept ready; without it none is. */
  readonly newPlace?: () => ChildPlace;
}

interface Held {
  child: ChildPod;
  gate: EngineId;
  /** Absent while its gate does not run. */
  link: ContainerLink | undefined;
  /** Settles when its gate is no longer being started. */
  started?: Promise<void>;
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
  /** Absent where none is kept ready. */
  readonly #spares: KeptReady<SparePod> | undefined;
  /** Spare pods that were chosen for children that are not open yet. */
  readonly #reserved = new Map<ContainerPodId, SparePod>();

  constructor(parts: ContainerPodParts) {
    this.#parts = parts;
    this.#spares = parts.newPlace === undefined ? undefined : keepSparePods(parts, parts.newPlace);
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

  /** The agent uses its containers: one of them may be made soon. */
  expect(): void {
    this.#spares?.expect();
  }

  /** Choose where a child will be that may have any host name: in a pod that is ready, or at this place. Given back unless it is opened. */
  reserve(place: ChildPlace): ChildPlace & AsyncDisposable {
    const spare = this.#spares?.take();
    this.#spares?.expectLater();
    if (spare !== undefined) this.#reserved.set(spare.id, spare);
    const { id, hostname } = spare ?? place;
    return {
      id,
      hostname,
      [Symbol.asyncDispose]: async () => {
        if (spare !== undefined && this.#reserved.delete(spare.id)) await this.#spares?.putBack(spare);
      },
    };
  }

  /** Make the child's gate, or take the one that is ready; it may not run yet. @throws AppError `ENGINE_FAILED`, `POD_FAILED` */
  async open(child: ChildPod): Promise<EngineId> {
    return this.#turns.take(child.id, async () => {
      const opened = (await this.#takeReserved(child)) ?? (await beginGate(this.#parts, child));
      this.#held.set(child.id, { child, ...opened, published: [] });
      return opened.gate;
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
      const { gate, link, started } = this.#held.get(id) ?? {};
      this.#held.delete(id);
      await endGate(this.#parts, { id, ...(gate === undefined ? {} : { gate }), ...(link === undefined ? {} : { link }), ...(started === undefined ? {} : { started }) });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spares?.[Symbol.asyncDispose]();
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

  /** The spare pod that was chosen for a child, which is the child's from now on; `undefined` where there is none that is good any more. */
  async #takeReserved(child: ChildPod): Promise<Omit<Held, "child" | "published"> | undefined> {
    const spare = this.#reserved.get(child.id);
    this.#reserved.delete(child.id);
    const opened = await spare?.made;
    if (opened === undefined) return undefined;
    const state = opened.link.state();
    if (state === "ready" || state === "waiting") {
      opened.link.change(child);
      return opened;
    }
    // Its container may have been taken away, or its engine have ended, while nobody looked.
    await endGate(this.#parts, { id: child.id, ...opened });
    return undefined;
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
    // Why it could not be started is met when it is started again.
    await held.started?.catch(() => undefined);
    // It holds the connection over which it handed over as long as it runs.
    if (held.link?.state() === "ready") return held.link;
    const view = await (await this.#parts.engine()).inspect(gate);
    if (held.link !== undefined && held.link.state() !== "waiting" && view?.state === "running") return held.link;
    if (view === undefined) throw podFailed("The container's gate is gone");
    await held.link?.[Symbol.asyncDispose]();
    held.link = undefined;
    held.published = [];
    if (view.state === "running") await (await this.#parts.engine()).stop(gate, 0);
    const link = await network.open({ child, sandbox, directory: await files.podDirectory(child.id), resume: false });
    try {
      await startGate(this.#parts, child, { gate, link });
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
