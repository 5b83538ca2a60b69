import { text } from "node:stream/consumers";
import { AppError, SandboxId, ServerPodId, type EventInit } from "@sbx/contracts";
import { reapServers, ServerPods, type PodLink, type ServerLaunch, type ServerParts, type ServerPod } from "@sbx/core";
import { Secret } from "@sbx/secret-injector";
import { FakeEngine } from "@sbx/testing";
import { describe, it } from "vitest";

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
  const parts: ServerParts = {
    engine: () => Promise.resolve(engine),
    images: () => Promise.resolve({ gate: () => Promise.resolve("sha256:gate") }),
    network: {
      open: (pod) => {
        opened.push(pod);
        const link: PodLink = { socketDirectory: "/pod", state: () => "ready", ready: () => said("ready", undefined), [Symbol.asyncDispose]: () => said("close network", undefined) };
        return said("open network", link);
      },
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
  return { engine, parts, log, opened, events, pods: new ServerPods(parts) };
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
      ...(where === "network" ? { network: { open: broken } } : {}),
      ...(where === "ready" ? { network: { open: async (pod) => ({ ...(await parts.network.open(pod)), ready: broken }) } } : {}),
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
      network: { open: () => Promise.reject(new AppError("POD_FAILED", { message: "first", fix: "none" })) },
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
