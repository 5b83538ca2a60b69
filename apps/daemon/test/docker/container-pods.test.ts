import { ContainerPodId, SandboxId, type NetworkState } from "@sbx/contracts";
import { ContainerPods, type ChildPod, type ContainerLink, type ContainerPod, type ContainerPodParts } from "@sbx/core";
import { FakeEngine } from "@sbx/testing";
import { describe, it, type ExpectStatic } from "vitest";

const BOX = SandboxId.parse("sbx_aaaaaaaa");
const idOf = (kind: string, number: number): ContainerPodId => ContainerPodId.parse(`ctr_${kind}${String(number).padStart(7, "0")}`);
const GIVEN = { id: idOf("g", 1), hostname: "given" };

/** Pods on an engine in memory, and what was done with their networks. */
function setup({ spares = true, ready = () => Promise.resolve() }: { readonly spares?: boolean; readonly ready?: () => Promise<void> } = {}) {
  const engine = new FakeEngine();
  engine.images.set("gate", "sha256:gate");
  const log: string[] = [];
  const opened: ContainerPod[] = [];
  const changed: Pick<ChildPod, "name" | "networks" | "hosts">[] = [];
  const state: { network: NetworkState } = { network: "ready" };
  let made = 0;
  const parts: ContainerPodParts = {
    sandbox: BOX,
    engine: () => Promise.resolve(engine),
    images: () => Promise.resolve({ gate: () => Promise.resolve("sha256:gate") }),
    network: {
      open: (pod) => {
        opened.push(pod);
        const link: ContainerLink = {
          socketDirectory: "/pod",
          state: () => state.network,
          ready,
          publish: (ports) => Promise.resolve(ports),
          change: (now) => void changed.push(now),
          [Symbol.asyncDispose]: () => Promise.resolve(void log.push(`close ${pod.child.name}`)),
        };
        return Promise.resolve(link);
      },
      listen: () => Promise.reject(new Error("nothing is served here")),
    },
    files: {
      podDirectory: () => Promise.resolve("/pods/x"),
      notePorts: () => Promise.resolve(),
      notedPorts: () => Promise.resolve([]),
      remove: (id) => Promise.resolve(void log.push(`remove ${id}`)),
      list: () => Promise.resolve([]),
    },
    owner: "me",
    record: () => undefined,
    ...(spares ? { newPlace: () => ({ id: idOf("s", (made += 1)), hostname: `spare-${made}` }) } : {}),
  };
  return { engine, parts, log, opened, changed, state, pods: new ContainerPods(parts) };
}

const gatesOf = async (engine: FakeEngine): Promise<readonly string[]> =>
  (await engine.list(["dev.sbx.owner=me", "dev.sbx.role=child-gate"])).map(({ labels }) => labels["dev.sbx.pod"] ?? "").toSorted((a, b) => a.localeCompare(b));
const until = async (engine: FakeEngine, wanted: readonly string[], { expect }: { readonly expect: ExpectStatic }): Promise<void> =>
  await expect.poll(async () => await gatesOf(engine), { timeout: 20_000 }).toEqual(wanted);
const aChild = (place: { readonly id: ContainerPodId; readonly hostname: string }): ChildPod => ({
  id: place.id,
  hostname: place.hostname,
  name: "db",
  networks: [],
  hosts: [{ name: "x", address: "1.2.3.4" }],
});

describe("a pod that is kept ready for an agent's container", () => {
  it("is there once the API is used, in no network, and becomes the next container's with its name and hosts; another one is made", async ({ expect }) => {
    const { pods, engine, opened, changed } = setup();
    pods.expect();
    pods.expect();
    await until(engine, [idOf("s", 1)], { expect });
    expect(opened.map(({ child }) => [child.name, child.networks, child.hosts])).toEqual([["spare", [], []]]);
    await using place = pods.reserve(GIVEN);
    expect([place.id, place.hostname]).toEqual([idOf("s", 1), "spare-1"]);
    const gate = await pods.open(aChild(place));
    await pods.ready(place.id, []);
    expect((await engine.inspect(gate))?.state).toBe("running");
    expect(changed.map(({ name, hosts }) => [name, hosts])).toEqual([["db", [{ name: "x", address: "1.2.3.4" }]]]);
    await until(engine, [idOf("s", 1), idOf("s", 2)], { expect });
    await pods.close(place.id);
    await pods[Symbol.asyncDispose]();
    expect(await gatesOf(engine)).toEqual([]);
  });

  it("is none's where nobody used the API, where it is not wanted, and for the second of two at once", async ({ expect }) => {
    const { pods, engine } = setup();
    await using first = pods.reserve(GIVEN);
    expect(first.id).toBe(GIVEN.id);
    await pods.open(aChild(first));
    await pods[Symbol.asyncDispose]();
    expect(await gatesOf(engine)).toEqual([GIVEN.id]);
    const { pods: without, engine: quiet } = setup({ spares: false });
    without.expect();
    await using second = without.reserve(GIVEN);
    expect([second.id, await gatesOf(quiet)]).toEqual([GIVEN.id, []]);
    const { pods: both } = setup();
    both.expect();
    await using one = both.reserve(GIVEN);
    await using other = both.reserve(GIVEN);
    expect([one.id, other.id]).toEqual([idOf("s", 1), GIVEN.id]);
    await both[Symbol.asyncDispose]();
  });

  it("is given back by who made no container, and given to the next one", async ({ expect }) => {
    const { pods, engine } = setup();
    pods.expect();
    await until(engine, [idOf("s", 1)], { expect });
    await pods.reserve(GIVEN)[Symbol.asyncDispose]();
    await using next = pods.reserve(GIVEN);
    expect(next.id).toBe(idOf("s", 1));
    await pods.open(aChild(next));
    expect(await gatesOf(engine)).toContain(next.id);
    await pods[Symbol.asyncDispose]();
  });

  it("is none whose gate ended meanwhile: that one goes, and the container gets a gate of its own", async ({ expect }) => {
    const { pods, engine, state, opened, changed, log } = setup();
    pods.expect();
    await until(engine, [idOf("s", 1)], { expect });
    const [{ id: ended } = { id: "" }] = await engine.list(["dev.sbx.role=child-gate"]);
    await using place = pods.reserve(GIVEN);
    state.network = "degraded";
    const gate = await pods.open(aChild(place));
    expect(gate).not.toBe(ended);
    expect(await engine.inspect(ended)).toBeUndefined();
    expect([opened.map(({ child }) => child.name), changed, log]).toEqual([["spare", "db"], [], ["close spare", `remove ${idOf("s", 1)}`]]);
    await pods[Symbol.asyncDispose]();
  });

  it("goes when it is still being made while the sandbox ends", async ({ expect }) => {
    const handedOver = Promise.withResolvers<undefined>();
    const { pods, engine } = setup({ ready: () => handedOver.promise });
    pods.expect();
    await until(engine, [idOf("s", 1)], { expect });
    const ended = pods[Symbol.asyncDispose]();
    handedOver.reject(new Error("the gate ended"));
    await ended;
    expect(await gatesOf(engine)).toEqual([]);
    pods.expect();
    expect(await gatesOf(engine)).toEqual([]);
  });

  it("is left by a daemon that was killed, and taken away by the next one", async ({ expect }) => {
    const { pods, parts, engine } = setup();
    pods.expect();
    await until(engine, [idOf("s", 1)], { expect });
    await using next = new ContainerPods(parts);
    await next.resume([]);
    expect(await gatesOf(engine)).toEqual([]);
  });
});

describe("a gate that is made for a container", () => {
  it("is waited for when the container starts, and started anew there where it failed", async ({ expect }) => {
    let failures = 1;
    const { pods, engine, state } = setup({
      spares: false,
      ready: () => {
        if (failures === 0) return Promise.resolve();
        failures -= 1;
        return Promise.reject(new Error("no hand-over"));
      },
    });
    state.network = "waiting";
    const gate = await pods.open(aChild(GIVEN));
    expect((await engine.inspect(gate))?.state).toBeDefined();
    await expect(pods.ready(GIVEN.id, [])).resolves.toEqual([]);
    expect((await engine.inspect(gate))?.state).toBe("running");
    await pods.close(GIVEN.id);
    expect(await gatesOf(engine)).toEqual([]);
  });
});
