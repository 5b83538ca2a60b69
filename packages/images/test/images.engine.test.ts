import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Engine, EngineId } from "@sbx/core";
import { connectEngine } from "@sbx/engine-docker";
import { beforeAll, describe, test } from "vitest";
import { createImageMaker, type ImageMaker } from "../src/image-maker.ts";
import { createLayerMaker } from "../src/layer-maker.ts";

const LABELS = { "dev.sbx.owner": `test-images-${String(process.pid)}`, "dev.sbx.role": "probe" };
const { signal } = new AbortController();
const FROM_BASE = "ARG SBX_BASE\nFROM ${SBX_BASE}\n";

describe("images", { timeout: 600_000 }, () => {
  let engine: Engine;
  let maker: ImageMaker;

  beforeAll(async () => {
    engine = await connectEngine({ environment: process.env, home: homedir(), labels: LABELS });
    maker = createImageMaker({ engine, env: process.env });
  });

  /** Run a program of an image as its only process, without network, and give what it printed. */
  async function output(image: EngineId, command: readonly string[], user = "1000:1000"): Promise<string> {
    const id = await engine.create({
      name: `sbx-test-images-${crypto.randomUUID().slice(0, 8)}`,
      image,
      command: ["sleep", "600"],
      env: {},
      labels: LABELS,
      user,
      workdir: "/",
      mounts: [],
      network: { kind: "none", hostname: "test", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
      capabilities: [],
      readonlyRoot: true,
      seccomp: "default",
      limits: { pids: 64 },
    });
    try {
      await engine.start(id);
      const { exitCode, stdout, stderr } = await engine.run(id, { command, env: {}, user, workdir: "/" });
      if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${String(exitCode)}: ${stderr}`);
      return stdout.trim();
    } finally {
      await engine.remove(id);
    }
  }

  test("the base has Node, npm, git, the agent's user and no file that gives rights", async ({ expect }) => {
    const lines: string[] = [];
    const base = await maker.base((line) => void lines.push(line), signal);
    expect(base).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await output(base, ["node", "--version"])).toBe(process.version);
    expect(await output(base, ["npm", "--version"])).toMatch(/^\d+\.\d+\.\d+$/);
    expect(await output(base, ["git", "--version"])).toMatch(/^git version /);
    expect(await output(base, ["id"])).toBe("uid=1000(agent) gid=1000(agent) groups=1000(agent)");
    expect(await output(base, ["sh", "-c", "echo $HOME $LANG; stat -c %U ~"])).toBe("/home/agent C.UTF-8\nagent");
    for (const tool of ["bash", "curl", "jq", "less", "make", "nc", "python3", "rg", "ssh", "unzip", "xz", "file", "ps", "patch"]) {
      expect(await output(base, ["sh", "-c", `command -v ${tool}`])).not.toBe("");
    }
    expect(await output(base, ["find", "/", "-xdev", "-perm", "/6000", "-type", "f"], "0:0")).toBe("");
  });

  test("the second request builds nothing, for another maker too", async ({ expect }) => {
    const base = await maker.base(() => undefined, signal);
    const lines: string[] = [];
    expect(await createImageMaker({ engine, env: process.env }).base((line) => void lines.push(line), signal)).toBe(base);
    expect(await maker.base((line) => void lines.push(line), signal)).toBe(base);
    expect(lines).toEqual([]);
  });

  test("the gate's image has the two programs, static, and no compiler", async ({ expect }) => {
    const gate = await maker.gate(() => undefined, signal);
    expect(await output(gate, ["sh", "-c", "test -x /usr/local/bin/gate && test -x /usr/local/bin/hold && ip -V && iptables --version"], "0:0")).toMatch(/^ip utility/);
    expect(await output(gate, ["sh", "-c", "command -v gcc cc ld || echo none"], "0:0")).toBe("none");
    expect(await output(gate, ["find", "/", "-xdev", "-perm", "/6000", "-type", "f"], "0:0")).toBe("");
    const hold = await maker.holdBinary(gate);
    expect(hold.subarray(1, 4).toString()).toBe("ELF");
    expect(hold.includes("/lib64/ld-linux")).toBe(false);
  });

  test("an agent's recipe runs npm against the registry, with its directory as context, once for two who ask", async ({ expect, onTestFinished }) => {
    const directory = await mkdtemp(join(tmpdir(), "sbx-kit-"));
    const lines: string[] = [];
    onTestFinished(async () => {
      await rm(directory, { recursive: true });
      await engine.removeImage(referenceIn(lines));
    });
    await writeFile(join(directory, "motd"), `${crypto.randomUUID()}\n`);
    const recipe = { name: "test", dockerfile: `${FROM_BASE}COPY motd /etc/motd\nRUN npm install -g semver && rm -rf /root/.npm\n`, directory };
    const [one, two] = await Promise.all([maker.agent(recipe, (line) => void lines.push(line), signal), maker.agent(recipe, () => undefined, signal)]);
    expect(two).toBe(one);
    expect(lines.filter((line) => line.startsWith("Building sbx/agent-test:"))).toHaveLength(1);
    expect(await output(one, ["semver", "1.2.3", "-i", "minor"])).toBe("1.3.0");
    expect(await output(one, ["cat", "/etc/motd"])).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("packages are installed with the network of the container that is given, and no other", async ({ expect, onTestFinished }) => {
    const base = await maker.base(() => undefined, signal);
    const lonely = await engine.create({
      name: `sbx-test-lonely-${crypto.randomUUID().slice(0, 8)}`,
      image: base,
      command: ["sleep", "600"],
      env: {},
      labels: LABELS,
      user: "1000:1000",
      workdir: "/",
      mounts: [],
      network: { kind: "none", hostname: "lonely", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
      capabilities: [],
      readonlyRoot: true,
      seccomp: "default",
      limits: { pids: 64 },
    });
    onTestFinished(() => engine.remove(lonely));
    await engine.start(lonely);
    const lines: string[] = [];
    const installing = createLayerMaker({ engine, env: process.env, owner: "test" }).packages({ from: base, packages: ["tree"], gate: lonely }, (line) => void lines.push(line), signal);
    await expect(installing).rejects.toMatchObject({ code: "BUILD_FAILED" });
    expect(lines.join("\n")).toMatch(/Temporary failure resolving|Could not resolve|Connection failed/);
  });

  test("a recipe that fails says so with its last lines, and no image carries its name", async ({ expect }) => {
    const lines: string[] = [];
    const failing = maker.agent({ name: "test", dockerfile: `${FROM_BASE}RUN echo the-reason-${crypto.randomUUID()} && false\n` }, (line) => void lines.push(line), signal);
    await expect(failing).rejects.toMatchObject({ code: "BUILD_FAILED" });
    expect(lines.join("\n")).toContain("the-reason-");
    expect(await engine.findImage(referenceIn(lines))).toBeUndefined();
  });

  test("Ctrl-C in the middle of a build leaves no image under the name, no container and no process", async ({ expect, onTestFinished }) => {
    const mark = `mark-${crypto.randomUUID()}`;
    const dockerfile = `${FROM_BASE}LABEL dev.sbx.test=${mark}\nRUN echo ${mark} && exec sleep 300\n`;
    const lines: string[] = [];
    const stop = new AbortController();
    // The classic builder keeps the steps that it has done as its cache, nameless.
    onTestFinished(() => engine.removeImage(lines.findLast((line) => /^ ---> [0-9a-f]{12}$/.test(line))?.slice(-12) ?? ""));
    const building = maker.agent({ name: "test", dockerfile }, (line) => void lines.push(line), stop.signal);
    const steps = (): Promise<number> => engine.list([`dev.sbx.test=${mark}`]).then((all) => all.length);
    await expect.poll(() => lines.includes(mark), { timeout: 60_000 }).toBe(true);
    expect(await steps()).toBe(1);
    stop.abort(new Error("Ctrl-C"));
    await expect(building).rejects.toThrow("Ctrl-C");
    await expect.poll(steps, { timeout: 15_000 }).toBe(0);
    expect(await engine.findImage(referenceIn(lines))).toBeUndefined();
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    expect(stdout).not.toContain(mark);
  });
});

function referenceIn(lines: readonly string[]): string {
  const line = lines.findLast((one) => one.startsWith("Building sbx/agent-"));
  if (line === undefined) throw new Error(`No build was announced: ${lines.join("\n")}`);
  return line.slice("Building ".length);
}
