import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import type { ServerLaunch, ServerProcess } from "@sbx/core";
import { createImageMaker, packageIndex } from "@sbx/images";
import { ServerPackages, type PackageSource, type ServerPackagesParts } from "@sbx/server-packages";
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { createInstallRules } from "../../../apps/daemon/src/network/install-rules.ts";
import { startWitness, type Witness } from "../pod/witness.ts";
import { startEvilRegistry, type EvilFile, type EvilRegistry } from "./evil-registry.ts";
import { ServerLab } from "./server-lab.ts";
import { speak, toolsOf } from "./speak.ts";
import { zipOf } from "../../../packages/server-packages/test/bundle/zip.ts";

let lab: ServerLab;
let parts: ServerPackagesParts;
let packages: ServerPackages;
const progress: string[] = [];
const own = (): readonly string[] => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
const options = { progress: (line: string) => void progress.push(line), signal: new AbortController().signal };

beforeAll(async () => {
  lab = await ServerLab.make(await ServerLab.equip());
  const images = createImageMaker({ engine: lab.engine, env: process.env });
  parts = {
    engine: () => Promise.resolve(lab.engine),
    pods: lab.pods,
    image: (line, signal) => images.servers(line, signal),
    index: (kind, signal) => packageIndex(kind, process.env, signal),
    reach: createInstallRules({ own }),
    fetchBundle: () => Promise.reject(new Error("no bundle")),
    lockDirectory: path.join(lab.root, "state", "mcp", "locks"),
    owner: lab.owner,
    now: () => new Date(),
  };
  packages = new ServerPackages(parts);
  await images.servers(() => undefined, AbortSignal.timeout(500_000));
}, 600_000);
afterAll(() => lab[Symbol.asyncDispose]());
afterEach(async ({ expect }) => {
  expect(lab.faults).toEqual([]);
  expect(await lab.containers()).toEqual([]);
});

async function start(server: string, source: PackageSource, { volumes = [], ...more }: Partial<ServerLaunch> = {}): Promise<ServerProcess> {
  const { image, volume, target, command } = await packages.prepare({ server, source }, options);
  const limits = { cpus: 1, memoryBytes: 1 << 30, pids: 128 };
  return lab.pods.start(lab.launch({ server, image, command, ...more, volumes: [{ kind: "package", volume, target }, ...volumes], limits }), AbortSignal.timeout(60_000));
}

const npm = (name: string, version = "2026.8.31"): PackageSource => ({ kind: "npm", package: name, version });
const problemOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) ? error.code : String(error)),
  );
const locks = async (directory = parts.lockDirectory): Promise<readonly Record<string, string>[]> =>
  Promise.all(
    (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(".json")).map(async (name) => JSON.parse(await readFile(path.join(directory, name), "utf8")) as Record<string, string>),
  );

describe("servers from packages", () => {
  it("npm, memory: keeps what it was told in a volume of its own", async ({ expect }) => {
    const volumes: ServerLaunch["volumes"] = [{ kind: "data", name: "graph", target: "/data", readonly: false }];
    const sandbox = await lab.sandbox();
    for (const round of [1, 2]) {
      await using server = await start("memory", npm("@modelcontextprotocol/server-memory"), { sandbox, volumes, env: { MEMORY_FILE_PATH: "/data/graph.json" } });
      const request = await speak(server);
      if (round === 1) await request("tools/call", { name: "create_entities", arguments: { entities: [{ name: "gate", entityType: "part", observations: ["opens nothing"] }] } });
      expect((await request("tools/call", { name: "read_graph", arguments: {} })).result?.content?.[0]?.text).toContain("opens nothing");
    }
    await lab.pods.removeOf(sandbox);
  });

  it("pypi, time: tells the time", async ({ expect }) => {
    await using server = await start("time", { kind: "pypi", package: "mcp-server-time", version: "2026.10.19" });
    const request = await speak(server);
    expect(await toolsOf(request)).toContain("get_current_time");
    expect((await request("tools/call", { name: "get_current_time", arguments: { timezone: "Europe/Berlin" } })).result?.content?.[0]?.text).toContain("Berlin");
  });
});

describe("what was installed once", () => {
  it("is noted with the hash of every package and of the whole tree, and is not installed again", async ({ expect }) => {
    const all = await locks();
    expect(all.map((lock) => lock["package"] ?? "").toSorted()).toEqual(["@modelcontextprotocol/server-memory", "mcp-server-time"]);
    for (const lock of all) {
      expect(lock["integrity"]).toMatch(/^sha(256|512)-/);
      expect(lock["tree"]).toMatch(/^[0-9a-f]{64}$/);
      expect(lock["resolved"]).toMatch(/"integrity": "sha512-|--hash=sha256:/);
    }
    const before = Date.now();
    await packages.prepare({ server: "memory", source: npm("@modelcontextprotocol/server-memory") }, options);
    expect(Date.now() - before).toBeLessThan(5000);
  });

  it.for(["@modelcontextprotocol/server-memory", "mcp-server-time"])("is the same when it has to be installed anew: %s", async (name, { expect }) => {
    const [before] = (await locks()).filter((lock) => lock["package"] === name);
    await lab.engine.removeVolume(before?.["volume"] ?? "");
    const source: PackageSource = name.startsWith("@") ? npm(name) : { kind: "pypi", package: name, version: "2026.10.19" };
    const again = await packages.prepare({ server: "again", source }, options);
    const [after] = (await locks()).filter((lock) => lock["package"] === name);
    expect(after).toEqual({ ...before, volume: again.volume, installedAt: after?.["installedAt"] });
  });

  it("is refused when it comes out in another way than before, and the note stays", async ({ expect }) => {
    const name = "@modelcontextprotocol/server-memory";
    const [file = ""] = (await readdir(parts.lockDirectory)).filter((one) => one.includes("server-memory"));
    const at = path.join(parts.lockDirectory, file);
    const lock = JSON.parse(await readFile(at, "utf8")) as Record<string, string>;
    await lab.engine.removeVolume(lock["volume"] ?? "");
    await writeFile(at, JSON.stringify({ ...lock, tree: "0".repeat(64) }));
    expect(await problemOf(packages.prepare({ server: "memory", source: npm(name) }, options))).toBe("SERVER_FAILED");
    expect((JSON.parse(await readFile(at, "utf8")) as Record<string, string>)["tree"]).toBe("0".repeat(64));
    await writeFile(at, "{");
    expect(await problemOf(packages.prepare({ server: "memory", source: npm(name) }, options))).toBe("CONFIG_INVALID");
    await writeFile(at, JSON.stringify(lock));
  });

  it("cannot be written by the server that runs from it", async ({ expect }) => {
    const { image, volume, target } = await packages.prepare({ server: "memory", source: npm("@modelcontextprotocol/server-memory") }, options);
    expect(
      await lab.python(`say([attempt(lambda: open(p, "w")) for p in ("/opt/mcp/x", "/opt/mcp/package.json")] + [attempt(lambda: os.remove("/opt/mcp/package.json"))])`, {
        image,
        volumes: [{ kind: "package", volume, target }],
      }),
    ).toEqual(["EROFS", "EROFS", "EROFS"]);
  });

  it("keeps its volume at the start of a daemon, and an installation that was broken off does not", async ({ expect }) => {
    await lab.engine.createVolume("sbx-mcp-package-broken-off", { "dev.sbx.owner": lab.owner, "dev.sbx.role": "server-package" });
    await packages.sweep();
    const left = (await lab.engine.listVolumes([`dev.sbx.owner=${lab.owner}`, "dev.sbx.role=server-package"])).map(({ name }) => name).toSorted();
    const known = (await locks()).map((lock) => lock["volume"] ?? "").toSorted();
    expect(left.every((name) => known.includes(name))).toBe(true);
    expect(left).not.toContain("sbx-mcp-package-broken-off");
  });
});

describe("an installation that is attacked", () => {
  const scope = new AsyncDisposableStack();
  let registry: EvilRegistry;
  let witness: Witness;
  let evil: ServerPackages;
  let round = 0;
  const evilLocks = (): string => path.join(lab.root, "state", "mcp", "evil-locks");

  beforeAll(async () => {
    registry = scope.use(await startEvilRegistry());
    witness = scope.use(await startWitness());
    evil = new ServerPackages({ ...parts, lockDirectory: evilLocks(), index: () => Promise.resolve(`http://host.docker.internal:${registry.port}/`) });
  });
  afterAll(() => scope.disposeAsync());
  afterEach(({ expect }) => {
    expect(witness.seen(), "something reached the host").toBe(0);
  });

  async function install(manifest: Record<string, unknown>, files: readonly EvilFile[] = [], integrity?: string): Promise<{ readonly code: string; readonly tree: string }> {
    const name = `evil-${(round += 1)}`;
    await registry.serve(name, "1.0.0", { manifest: { bin: "run.js", ...manifest }, files: [{ name: "package/run.js", mode: 0o755, content: "#!/usr/bin/env node\n" }, ...files] }, integrity);
    const ready = await evil.prepare({ server: "evil", source: npm(name, "1.0.0") }, options).catch((error: unknown) => (AppError.is(error) ? error.code : String(error)));
    if (typeof ready === "string") return { code: ready, tree: "" };
    const { out } = await lab.run({
      image: ready.image,
      command: ["find", "/opt/mcp", "-mindepth", "1", "-printf", "%y %P %l\n"],
      volumes: [{ kind: "package", volume: ready.volume, target: ready.target }],
    });
    return { code: "none", tree: out };
  }

  it("runs no script of a package, whenever npm would", async ({ expect }) => {
    const script = `node -e "require('fs').writeFileSync('/opt/mcp/OWNED','');require('net').connect(${witness.port},'host.docker.internal')"`;
    const scripts = Object.fromEntries(["preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare"].map((name) => [name, script]));
    const { code, tree } = await install({ scripts, gypfile: true }, [{ name: "package/binding.gyp", content: "{}" }]);
    expect(code).toBe("none");
    expect(tree).toContain("run.js");
    expect(tree).not.toContain("OWNED");
  });

  it("puts nothing outside of the package's place: paths that lead out, links, devices", async ({ expect }) => {
    const { code, tree } = await install({}, [
      { name: "package/../../../../opt/mcp/UP", content: "x" },
      { name: "/opt/mcp/ABSOLUTE", content: "x" },
      { name: "package/link", type: "symlink", linkname: "/etc" },
      { name: "package/link/passwd", content: "x" },
      { name: "package/hard", type: "link", linkname: "/etc/shadow" },
      { name: "package/null", type: "character-device", devmajor: 1, devminor: 3 },
      { name: "package/pipe", type: "fifo" },
      { name: "package/suid", mode: 0o4755, content: "x" },
    ]);
    expect(["none", "SERVER_FAILED"]).toContain(code);
    expect(tree).not.toMatch(/^\S (UP|ABSOLUTE)/m);
    expect(tree).not.toMatch(/^[lcpb] (?!node_modules\/\.bin\/)/m);
  });

  it("takes no file that is not what its index names", async ({ expect }) => {
    expect((await install({}, [], `sha512-${createHash("sha512").update("other").digest("base64")}`)).code).toBe("SERVER_FAILED");
  });

  it("reaches nothing that the index does not name, also for dependencies at addresses of their own", async ({ expect }) => {
    for (const to of [
      `http://${witness.addresses.find((one) => !one.startsWith("127.")) ?? "10.0.0.1"}:${witness.port}/x.tgz`,
      `http://host.docker.internal:${witness.port}/x.tgz`,
      "http://169.254.169.254/x.tgz",
      `git+ssh://git@evil.test/x.git`,
      "file:///etc",
      "https://evil.test/x.tgz",
    ]) {
      const { code } = await install({ dependencies: { other: to } });
      expect([to, code]).toEqual([to, "SERVER_FAILED"]);
    }
  });

  it("does not read a configuration that a package brings", async ({ expect }) => {
    const { code, tree } = await install({}, [{ name: "package/.npmrc", content: `registry=http://host.docker.internal:${witness.port}/\nignore-scripts=false\n` }]);
    expect([code, tree.includes("run.js")]).toEqual(["none", true]);
  });

  it("needs a program that the package has", async ({ expect }) => {
    expect((await install({ bin: {} })).code).toBe("SERVER_FAILED");
    expect((await install({ bin: { one: "run.js", two: "run.js" } })).code).toBe("SERVER_FAILED");
  });

  it("builds nothing: what has no wheel is not installed", async ({ expect }) => {
    expect(await problemOf(packages.prepare({ server: "sdist", source: { kind: "pypi", package: "docopt", version: "0.6.2" } }, options))).toBe("SERVER_FAILED");
  });

  it("leaves nothing when it fails", async ({ expect }) => {
    const known = new Set([...(await locks()), ...(await locks(evilLocks()))].map((lock) => lock["volume"]));
    const there = (await lab.engine.listVolumes([`dev.sbx.owner=${lab.owner}`, "dev.sbx.role=server-package"])).map(({ name }) => name);
    expect(there.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("a bundle", () => {
  it("is unpacked and run from what its manifest names", async ({ expect }) => {
    const main = `
import { createInterface } from "node:readline";
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  const result = { initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "b", version: "1" } }, "tools/list": { tools: [{ name: "where", inputSchema: { type: "object" } }] }, "tools/call": { content: [{ type: "text", text: import.meta.filename }] } }[method];
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
});`;
    const bytes = zipOf([
      { name: "manifest.json", content: JSON.stringify({ manifest_version: "0.3", name: "b", version: "1.0.0", server: { type: "node", entry_point: "server/index.mjs" } }) },
      { name: "server/", content: "" },
      { name: "server/index.mjs", content: main },
    ]);
    const source: PackageSource = { kind: "bundle", from: "/b.mcpb", sha256: createHash("sha256").update(bytes).digest("hex") };
    const own = new ServerPackages({ ...parts, fetchBundle: () => Promise.resolve(bytes) });
    const { image, volume, target, command } = await own.prepare({ server: "bundle", source }, options);
    await using server = await lab.pods.start(lab.launch({ server: "bundle", image, command, volumes: [{ kind: "package", volume, target }] }), AbortSignal.timeout(60_000));
    const request = await speak(server);
    expect(await toolsOf(request)).toEqual(["where"]);
    expect((await request("tools/call", { name: "where", arguments: {} })).result?.content?.[0]?.text).toBe("/opt/mcp/server/index.mjs");
  });
});
