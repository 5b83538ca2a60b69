import { text } from "node:stream/consumers";
import { AppError, SandboxId, ServerPodId, type EventInit, type NetworkState } from "@sbx/contracts";
import { reapServers, ServerPods, type WorkloadLink, type ServerLaunch, type ServerParts, type ServerPod, type SpareLink } from "@sbx/core";
import { Secret } from "@sbx/secret-injector";
import { FakeEngine } from "@sbx/testing";
import { describe, it, type ExpectStatic } from "vitest";

const BOX = SandboxId.parse("sbx_aaaaaaaa");

/** Servers on an engine in memory, and what was done in which order. */
function setup(changes: Partial<ServerParts> = {}) {
  const engine = new FakeEngine();
  engine.images.set("server", "sha256:server").set("gate", "sha256:gate");
  const log: string[] = [];
  const opened: ServerPod[] = [];
  const events: EventInit[] = [];
  let made = 0;
  const said = <T>(what: string, value: T): Promise<T> => {
    log.push(what);
    return Promise.resolve(value);
  };
  const state: { network: NetworkState } = { network: "ready" };
  const aLink = (): WorkloadLink => ({
    socketDirectory: "/pod",
    state: () => state.network,
    ready: () => said("ready", undefined),
    starter: () => Promise.resolve(undefined),
    [Symbol.asyncDispose]: () => said("close network", undefined),
  });
  const given: Parameters<SpareLink["give"]>[0][] = [];
  const parts: ServerParts = {
    engine: () => Promise.resolve(engine),
    images: () => Promise.resolve({ gate: () => Promise.resolve("sha256:gate") }),
    network: {
      open: (pod) => {
        opened.push(pod);
        return said("open network", aLink());
      },
      openSpare: () => said("open spare", { ...aLink(), give: (server) => void (given.push(server), log.push("give")) }),
    },
    files: {
      podDirectory: () => Promise.resolve("/pods/x"),
      workspaceDirectory: () => Promise.resolve("/servers/x"),
      write: (_, name) => Promise.resolve(`/files/${name}`),
      holdProgram: () => Promise.resolve("/bin/hold"),
      remove: () => said("remove files", undefined),
      sweep: () => said("sweep files", undefined),
    },
    workspace: {
      prepareParts: () => said("prepare parts", { mounts: [], user: { uid: 1000, gid: 1000 }, checkpoints: ["/data"] }),
      verifyParts: () => said("verify parts", undefined),
      releaseParts: () => said("release parts", undefined),
    },
    workspaceOf: (id) => Promise.resolve({ id, directory: "/d", workspace: "/w", extra: [], hide: [], allowWrite: [], protect: [] }),
    owner: "me",
    newId: () => {
      made += 1;
      return ServerPodId.parse(`mcp_${String(made).padStart(8, "0")}`);
    },
    record: (event) => events.push(event),
    ...changes,
  };
  return { engine, parts, log, opened, given, state, events, pods: new ServerPods(parts) };
}

function aLaunch(changes: Partial<ServerLaunch> = {}): ServerLaunch {
  return {
    server: "search",
    sandbox: BOX,
    image: "sha256:server",
    command: ["cat"],
    workdir: "/",
    env: {},
    secrets: {},
    volumes: [],
    scratch: [],
    rules: [],
    purpose: "run",
    hosts: [],
    limits: { cpus: 1, memoryBytes: 1 << 30, pids: 64 },
    ...changes,
  };
}

const { signal } = new AbortController();
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) ? error.code : String(error)),
  );

describe("servers' pods", () => {
  it("start in an order in which nothing runs before the wall stands, and end in one that leaves nothing open", async ({ expect }) => {
    const { pods, engine, log, opened } = setup();
    const server = await pods.start(aLaunch({ volumes: [{ kind: "part", path: "/w/src", target: "/data", readonly: true }] }), signal);
    expect(opened).toEqual([expect.objectContaining({ server: "search", sandbox: BOX, purpose: "run" })]);
    server.stdin.end("hello");
    expect(await text(server.stdout)).toBe("hello");
    expect(await server.exit).toBe(0);
    await server[Symbol.asyncDispose]();
    expect(log).toEqual(["prepare parts", "open network", "ready", "verify parts", "close network", "release parts", "remove files"]);
    expect(await engine.list(["dev.sbx.owner=me"])).toEqual([]);
  });

  it("give secrets to the program and to no container", async ({ expect }) => {
    const { pods, engine } = setup();
    let seen: Readonly<Record<string, string>> = {};
    engine.programs.set("look", ({ spec }) => {
      seen = spec.env;
      return 0;
    });
    const created: string[] = [];
    const create = engine.create.bind(engine);
    engine.create = (spec, given) => {
      created.push(JSON.stringify(spec));
      return create(spec, given);
    };
    await using server = await pods.start(aLaunch({ command: ["look"], env: { LEVEL: "info", HOME: "/root" }, secrets: { TOKEN: new Secret("hunter2") } }), signal);
    await server.exit;
    expect(seen).toEqual({ LEVEL: "info", TOKEN: "hunter2", HOME: "/home/mcp" });
    expect(created.join()).not.toMatch(/hunter2|LEVEL/);
  });

  it.for(["engine", "network", "ready", "verify", "exec"] as const)("that fail at %s leave nothing and say why", async (where, { expect }) => {
    const broken = (): Promise<never> => Promise.reject(new AppError("POD_FAILED", { message: where, fix: "none" }));
    const { pods, engine, parts, log } = setup();
    const failing = new ServerPods({
      ...parts,
      ...(where === "engine" ? { engine: broken } : {}),
      ...(where === "network" ? { network: { ...parts.network, open: broken } } : {}),
      ...(where === "ready" ? { network: { ...parts.network, open: async (pod) => ({ ...(await parts.network.open(pod)), ready: broken }) } } : {}),
      ...(where === "verify" ? { workspace: { ...parts.workspace, verifyParts: broken } } : {}),
    });
    if (where === "exec") engine.exec = broken;
    const work = (where === "exec" ? pods : failing).start(aLaunch({ volumes: where === "verify" ? [{ kind: "part", path: "/w/src", target: "/data", readonly: true }] : [] }), signal);
    expect(await codeOf(work)).toBe("POD_FAILED");
    expect(await engine.list(["dev.sbx.owner=me"])).toEqual([]);
    if (where !== "engine" && where !== "network") expect(log).toContain("close network");
  });

  it("say what failed first, also when taking it back fails too", async ({ expect }) => {
    const { pods, parts } = setup();
    const failing = new ServerPods({
      ...parts,
      network: { ...parts.network, open: () => Promise.reject(new AppError("POD_FAILED", { message: "first", fix: "none" })) },
      files: { ...parts.files, remove: () => Promise.reject(new Error("second")) },
    });
    await expect(failing.start(aLaunch(), signal)).rejects.toThrow("first");
    expect(pods).toBeDefined();
  });

  it("of a daemon that ends are not begun any more", async ({ expect }) => {
    const { pods } = setup();
    await pods[Symbol.asyncDispose]();
    expect(await codeOf(pods.start(aLaunch(), signal))).toBe("INTERRUPTED");
  });

  it("see nothing of a machine when they work for no sandbox", async ({ expect }) => {
    const { pods, log } = setup();
    expect(await codeOf(pods.start(aLaunch({ sandbox: undefined, volumes: [{ kind: "part", path: "/w", target: "/data", readonly: true }] }), signal))).toBe("WORKSPACE_INVALID");
    expect(log).not.toContain("prepare parts");
  });

  it("that an earlier daemon left are removed with what they kept for sandboxes that are gone, and nothing else is", async ({ expect }) => {
    const { engine, parts, pods, log } = setup();
    await pods.start(aLaunch({ volumes: [{ kind: "data", name: "d", target: "/d", readonly: true }] }), signal);
    await engine.createVolume("mine", { "dev.sbx.owner": "me", "dev.sbx.role": "home", "dev.sbx.sandbox": BOX });
    await engine.createVolume("theirs", { "dev.sbx.owner": "you", "dev.sbx.role": "server-data", "dev.sbx.serves": BOX });
    await engine.createVolume("package", { "dev.sbx.owner": "me", "dev.sbx.role": "server-package" });
    await reapServers(parts, new Set());
    expect(await engine.list(["dev.sbx.owner"])).toEqual([]);
    expect((await engine.listVolumes([])).map(({ name }) => name)).toEqual(["mine", "theirs", "package"]);
    expect(log).toContain("sweep files");
  });
});

describe("a gate that is kept ready", () => {
  const containers = async (engine: FakeEngine): Promise<readonly string[]> =>
    (await engine.list(["dev.sbx.owner=me"])).map(({ labels }) => `${labels["dev.sbx.role"]} ${labels["dev.sbx.server"] ?? "of nobody"}`).toSorted();
  const spareOf = async (engine: FakeEngine, { expect }: { readonly expect: ExpectStatic }): Promise<void> =>
    await expect.poll(async () => await containers(engine), { timeout: 20_000 }).toEqual(["server-gate of nobody"]);

  it("is there once somebody may need it, is given to one server with what that may reach, and another one is made", async ({ expect }) => {
    const { pods, engine, log, given } = setup({ spareGates: true });
    pods.expect();
    pods.expect();
    await spareOf(engine, { expect });
    const rules = [{ id: "entry:1", effect: "allow", to: "example.org:443", layer: "profile" }] as const;
    await using server = await pods.start(aLaunch({ rules }), signal);
    expect(log.slice(0, 4)).toEqual(["open spare", "ready", "give", "ready"]);
    expect(given).toEqual([{ server: "search", sandbox: BOX, rules, purpose: "run" }]);
    server.stdin.end("hello");
    expect(await text(server.stdout)).toBe("hello");
    await server[Symbol.asyncDispose]();
    await spareOf(engine, { expect });
    await pods[Symbol.asyncDispose]();
    expect(await containers(engine)).toEqual([]);
  });

  it("is given to one of two that start at once", async ({ expect }) => {
    const { pods, engine, log, given } = setup({ spareGates: true });
    pods.expect();
    await spareOf(engine, { expect });
    const servers = await Promise.all(["one", "two"].map(async (server) => await pods.start(aLaunch({ server }), signal)));
    expect(log.filter((line) => line === "give" || line === "open network").toSorted()).toEqual(["give", "open network"]);
    expect(given).toHaveLength(1);
    await Promise.all(servers.map(async (server) => await server[Symbol.asyncDispose]()));
    await pods[Symbol.asyncDispose]();
    expect(await containers(engine)).toEqual([]);
  });

  it("is none that has ended meanwhile: that one is taken away", async ({ expect }) => {
    const { pods, engine, log, state } = setup({ spareGates: true });
    pods.expect();
    await spareOf(engine, { expect });
    state.network = "cut-off";
    await using server = await pods.start(aLaunch(), signal);
    expect(server).toBeDefined();
    expect(log).not.toContain("give");
    expect(log.slice(0, 5)).toEqual(["open spare", "ready", "close network", "remove files", "open network"]);
    await pods[Symbol.asyncDispose]();
  });

  it("keeps nobody from starting when it cannot be made, and is none unless it is asked for", async ({ expect }) => {
    const { pods: without, log: quiet } = setup();
    without.expect();
    await using one = await without.start(aLaunch(), signal);
    expect(one).toBeDefined();
    expect(quiet).not.toContain("open spare");
    const { parts, engine, given } = setup({ spareGates: true });
    const pods = new ServerPods({ ...parts, network: { ...parts.network, openSpare: () => Promise.reject(new AppError("POD_FAILED", { message: "none", fix: "none" })) } });
    pods.expect();
    await using two = await pods.start(aLaunch(), signal);
    expect(two).toBeDefined();
    expect(given).toEqual([]);
    await pods[Symbol.asyncDispose]();
    expect(await containers(engine)).toEqual([]);
  });

  it("goes with the last sandbox that has servers, and stays while another one has", async ({ expect }) => {
    const { pods, engine } = setup({ spareGates: true });
    const mine = await pods.start(aLaunch(), signal);
    await using other = await pods.start(aLaunch({ sandbox: SandboxId.parse("sbx_other000") }), signal);
    expect(other).toBeDefined();
    pods.expect();
    await expect.poll(async () => await containers(engine), { timeout: 20_000 }).toContain("server-gate of nobody");
    await pods.stopOf(BOX);
    expect(await containers(engine)).toContain("server-gate of nobody");
    await mine[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await pods.stopOf(BOX);
    expect(await containers(engine)).toEqual([]);
    await pods[Symbol.asyncDispose]();
  });

  it("is left to the next one when who waited for it has gone, and leaves nothing when the daemon ends meanwhile", async ({ expect }) => {
    const { parts, engine, given } = setup({ spareGates: true });
    const opening = Promise.withResolvers<undefined>();
    const pods = new ServerPods({
      ...parts,
      network: {
        ...parts.network,
        openSpare: async (place) => {
          await opening.promise;
          return await parts.network.openSpare(place);
        },
      },
    });
    pods.expect();
    const gone = new AbortController();
    const waiting = pods.start(aLaunch(), gone.signal);
    gone.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    opening.resolve(undefined);
    await using server = await pods.start(aLaunch({ server: "next" }), signal);
    expect(server).toBeDefined();
    expect(given.map((one) => one.server)).toEqual(["next"]);
    await pods[Symbol.asyncDispose]();
    expect(await containers(engine)).toEqual([]);
    await expect(pods.start(aLaunch(), signal)).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(await containers(engine)).toEqual([]);
  });
});
