import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import type { ContainerPodId } from "@sbx/contracts";
import { gateContainer, type Engine, type EngineId } from "@sbx/core";
import type { ChildNetwork, ChildPlace, ChildPod, GuardListener, GuardPods, PublishedPort } from "@sbx/docker-guard";
import { createPodHost, podDirectory, type Pod } from "@sbx/egress-proxy";

/** How the children of a test get their network. */
export interface TestPods extends GuardPods, AsyncDisposable {
  /** Full ids of the gates that were made and not taken away. */
  gates(): readonly EngineId[];
  /** Networks that a child was told of last. */
  joined(id: ContainerPodId): readonly ChildNetwork[];
}

interface Open {
  readonly gate: EngineId;
  readonly release: AsyncDisposableStack;
  readonly pod: Pod | undefined;
  published?: readonly PublishedPort[];
}

interface Equipment {
  readonly engine: Engine;
  readonly gateImage: EngineId;
  readonly labels: Readonly<Record<string, string>>;
}

/** Pods as the daemon makes them: a gate that hands its listeners over, and nothing that any name may reach. */
export function realPods({ engine, gateImage, labels }: Equipment): TestPods {
  const host = createPodHost({ record: () => undefined });
  return keepPods(async (child, release) => {
    const directory = await mkdtemp("/tmp/sbx-child-");
    release.defer(() => rm(directory, { recursive: true, force: true }));
    const pod = await host.open({
      pod: child.id,
      directory,
      hostname: child.hostname,
      mayAllow: () => false,
      serve: async ({ socket, decided }) => {
        decided?.();
        socket.destroy();
      },
    });
    release.use(pod);
    const gate = await startGate(engine, release, gateContainer({ name: `gate-${child.id}`, image: gateImage, labels, hostname: child.hostname, socketDirectory: podDirectory(directory).gate }));
    await pod.ready(AbortSignal.timeout(20_000));
    return { gate, pod };
  });
}

/** Gates that only own a namespace with nothing in it: quicker, for attacks that are about the API. */
export function emptyPods({ engine, gateImage, labels }: Equipment): TestPods {
  return keepPods(async (child, release) => {
    const spec = gateContainer({ name: `gate-${child.id}`, image: gateImage, labels, hostname: child.hostname, socketDirectory: "/var/empty" });
    const gate = await startGate(engine, release, { ...spec, mounts: [], command: ["sleep", "infinity"], capabilities: [] });
    return { gate, pod: undefined };
  });
}

/** One gate for all: for a test that makes hundreds and starts none. */
export async function sharedPod({ engine, gateImage, labels }: Equipment): Promise<TestPods> {
  const release = new AsyncDisposableStack();
  const spec = gateContainer({ name: "gate-shared", image: gateImage, labels, hostname: "shared", socketDirectory: "/var/empty" });
  const gate = await startGate(engine, release, { ...spec, mounts: [], command: ["sleep", "infinity"], capabilities: [] });
  return {
    gates: () => [gate],
    joined: () => [],
    expect: () => undefined,
    reserve: atPlace,
    open: () => Promise.resolve(gate),
    ready: () => Promise.resolve([]),
    resume: () => Promise.resolve(new Map()),
    rename: () => Promise.resolve(),
    rejoin: () => Promise.resolve(),
    listen: onLoopback,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}

async function startGate(engine: Engine, release: AsyncDisposableStack, spec: Parameters<Engine["create"]>[0]): Promise<EngineId> {
  const gate = await engine.create(spec);
  release.defer(() => engine.remove(gate));
  await engine.start(gate);
  return gate;
}

function keepPods(make: (child: ChildPod, release: AsyncDisposableStack) => Promise<Pick<Open, "gate" | "pod">>): TestPods {
  const all = new Map<ContainerPodId, Open>();
  const joined = new Map<ContainerPodId, readonly ChildNetwork[]>();
  const close = async (id: ContainerPodId) => {
    const open = all.get(id);
    all.delete(id);
    await open?.release.disposeAsync();
  };
  return {
    gates: () => [...all.values()].map(({ gate }) => gate),
    joined: (id) => joined.get(id) ?? [],
    resume: () => Promise.resolve(new Map([...all].map(([id, { published }]) => [id, published ?? []]))),
    rename: () => Promise.resolve(),
    expect: () => undefined,
    reserve: atPlace,
    async open(child) {
      const release = new AsyncDisposableStack();
      try {
        const made = await make(child, release);
        all.set(child.id, { ...made, release });
        joined.set(child.id, child.networks);
        return made.gate;
      } catch (error) {
        await release.disposeAsync();
        throw error;
      }
    },
    async ready(id, ports) {
      const open = all.get(id);
      if (open === undefined) throw new Error(`no pod ${id}`);
      open.published ??= await Promise.all(ports.map((port) => publish(open, port)));
      return open.published;
    },
    rejoin(id, networks) {
      joined.set(id, networks);
      return Promise.resolve();
    },
    listen: onLoopback,
    close,
    async [Symbol.asyncDispose]() {
      for (const id of all.keys()) await close(id);
    },
  };
}

/** No pod is kept ready here. */
function atPlace(place: ChildPlace): ChildPlace & AsyncDisposable {
  return { ...place, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** The test's own loopback stands for the agent's. */
async function onLoopback(wanted: number, serve: (connection: Duplex) => void): Promise<GuardListener> {
  const server = createServer({ allowHalfOpen: true }, serve).listen(wanted, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, [Symbol.asyncDispose]: () => Promise.resolve(void server.close()) };
}

/** A port of the test's own loopback that leads into the pod. */
async function publish({ pod, release }: Open, { containerPort, hostPort }: PublishedPort): Promise<PublishedPort> {
  const server = createServer({ allowHalfOpen: true }, (outer) => {
    outer.on("error", () => undefined);
    void pod?.dial(containerPort, AbortSignal.timeout(5000)).then(
      (inner) => {
        inner.on("error", () => outer.destroy());
        outer.on("error", () => inner.destroy());
        outer.pipe(inner).pipe(outer);
      },
      () => outer.destroy(),
    );
  }).listen(hostPort, "127.0.0.1");
  await once(server, "listening");
  release.defer(() => void server.close());
  const address = server.address();
  return { containerPort, hostPort: typeof address === "object" && address !== null ? address.port : 0 };
}
