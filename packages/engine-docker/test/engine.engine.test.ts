import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Engine, ExecProcess } from "@sbx/core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { pack } from "tar-stream";
import { connectEngine } from "../src/index.ts";
import { aSpec, realEngine, startContainer } from "./test-container.ts";

const SPEC = { env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, user: "1000:1000", workdir: "/" };

let engine: Engine;
let image: string;
let container: string;
let scope: AsyncDisposableStack;

beforeAll(async () => {
  scope = new AsyncDisposableStack();
  engine = await realEngine();
  image = inject("baseImage");
  container = scope.use(await startContainer(engine, aSpec(image))).id;
});
afterAll(async () => scope.disposeAsync());

async function sh(script: string, signal?: AbortSignal) {
  return engine.run(container, { ...SPEC, command: ["sh", "-c", script] }, signal);
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function start(script: string, stdin = true): Promise<ExecProcess> {
  return engine.exec(container, { ...SPEC, command: ["sh", "-c", script], tty: false, stdin });
}

function contextOf(dockerfile: string): Readable {
  const tar = pack();
  tar.entry({ name: "Dockerfile" }, dockerfile);
  tar.finalize();
  return Readable.from(tar);
}

describe("a container", () => {
  it("has no capability, no new privileges, no network, and its limits", async ({ expect }) => {
    const { stdout } = await sh("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; ls /sys/class/net; cat /proc/1/comm");
    expect(stdout.match(/^Cap\w+:\s+0{16}$/gm)).toHaveLength(5);
    expect(stdout).toMatch(/NoNewPrivs:\s+1/);
    expect(stdout).toMatch(/Seccomp:\s+2/);
    expect(stdout).toMatch(/\nlo\nsleep\n$/);
  });

  it("has memory for its user alone, where programs may run but get no other rights", async ({ expect }) => {
    const { stdout } = await sh("grep ' /run/sbx ' /proc/mounts; stat -c '%a %u' /run/sbx; cp /bin/true /run/sbx/t && /run/sbx/t && echo ran");
    expect(stdout).toMatch(/tmpfs \S*nosuid,nodev,/);
    expect(stdout).not.toContain("noexec");
    expect(stdout).toMatch(/\n700 1000\nran\n$/);
  });

  it("is not started when a bind's source is missing, and nothing is made in its place", async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), "sbx-bind-"));
    const source = join(folder, "missing");
    const spec = aSpec(image, { mounts: [{ kind: "bind", source, target: "/mnt", readonly: true }] });
    await expect(
      engine.create(spec).then(async (id) => {
        scope.defer(async () => engine.remove(id));
        await engine.start(id);
      }),
    ).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    expect(() => {
      symlinkSync("x", source);
    }).not.toThrow();
    rmSync(folder, { recursive: true });
  });

  it("joins another's network, and takes a read-only root and a seccomp profile of ours", async ({ expect }) => {
    const seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }] };
    await using joined = await startContainer(engine, aSpec(image, { network: { kind: "join", container }, readonlyRoot: true, seccomp, user: "0:0" }));
    const spec = { ...SPEC, user: "0:0" };
    const { stdout } = await engine.run(joined.id, { ...spec, command: ["sh", "-c", "readlink /proc/self/ns/net; cat /etc/resolv.conf; hostname; touch /x 2>&1; mkdir /run/sbx/d 2>&1"] });
    const other = (await sh("readlink /proc/self/ns/net")).stdout;
    expect(stdout.startsWith(other)).toBe(true);
    expect(stdout).toContain("nameserver 127.0.0.53");
    expect(stdout).toContain("box");
    expect(stdout).toContain("Read-only file system");
    expect(stdout).toContain("Operation not permitted");
  });
});

describe("a process", () => {
  it("gets end of file when its input is closed, and its output still arrives", async ({ expect }) => {
    const process = await start("cat | wc -c; sleep 0.2; echo after");
    process.stdin.end(Buffer.alloc(1_000_000));
    process.stderr.resume();
    expect((await bytesOf(process.stdout)).toString()).toBe("1000000\nafter\n");
    expect(await process.exit).toBe(0);
  });

  it("gets and gives 10 MB of any bytes unchanged", async ({ expect }) => {
    const sent = randomBytes(10_000_000);
    const process = await start("cat");
    process.stderr.resume();
    process.stdin.end(sent);
    const got = await bytesOf(process.stdout);
    expect(createHash("sha256").update(got).digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  });

  it("waits when nobody reads, and nothing piles up here", async ({ expect }) => {
    const process = await start("head -c 50000000 /dev/zero; echo done >&2", false);
    const before = globalThis.process.memoryUsage().arrayBuffers;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(globalThis.process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
    expect(process.stdout.readableLength).toBeLessThan(1_000_000);
    process.stderr.resume();
    expect((await bytesOf(process.stdout)).length).toBe(50_000_000);
    expect(await process.exit).toBe(0);
  });

  it("keeps its streams apart and its code", async ({ expect }) => {
    expect(await sh("echo out; echo err >&2; exit 42")).toEqual({ exitCode: 42, stdout: "out\n", stderr: "err\n" });
  });

  it("gives at most 1 MiB to who only collects, and still ends", async ({ expect }) => {
    const { stdout, exitCode } = await sh("head -c 5000000 /dev/zero | tr '\\0' a; exit 3");
    expect(stdout.length).toBe(1_048_576);
    expect(exitCode).toBe(3);
  });

  it("comes to its end, and its code is known, when its output is left in the middle", async ({ expect }) => {
    const process = await start("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 6", false);
    for (const stream of [process.stdout, process.stderr]) stream.once("data", () => stream.destroy());
    expect(await process.exit).toBe(6);
  });

  it("is left alone when its collector gives up", async ({ expect }) => {
    const begin = Date.now();
    await expect(sh("sleep 30", AbortSignal.timeout(300))).rejects.toThrow(/timeout/i);
    expect(Date.now() - begin).toBeLessThan(20_000);
    await expect(sh("true", AbortSignal.abort(new Error("no")))).rejects.toThrow("no");
  });

  it("drops what is written after its end", async ({ expect }) => {
    const process = await start("exit 0");
    process.stdout.resume();
    process.stderr.resume();
    expect(await process.exit).toBe(0);
    process.stdin.write("late");
    process.stdin.end();
    await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it("cannot be started in a container that is not running or not there", async ({ expect }) => {
    await expect(engine.run("0123456789ab", { ...SPEC, command: ["true"] })).rejects.toMatchObject({ code: "ENGINE_FAILED", details: { status: 404 } });
    await expect(engine.run("../images", { ...SPEC, command: ["true"] })).rejects.toThrow("not an id");
  });
});

describe("an image", () => {
  it("is built with lines of progress, read without being run, and removed", async ({ expect }) => {
    const reference = `sbx-test-${randomBytes(4).toString("hex")}:x`;
    const lines: string[] = [];
    const id = await engine.build(
      {
        context: contextOf("ARG FROM\nFROM ${FROM}\nUSER root\nRUN echo hello > /f && ln -s ../f /etc/link && echo built-it\n"),
        dockerfile: "Dockerfile",
        reference,
        args: { FROM: image },
        labels: { "dev.sbx.role": "build" },
      },
      (line) => lines.push(line),
      AbortSignal.timeout(60_000),
    );
    expect(id).toBe(await engine.findImage(reference));
    expect(lines).toContain("built-it");
    expect((await engine.readFile(id, "/f")).toString()).toBe("hello\n");
    expect((await engine.readFile(id, "/etc/link")).toString()).toBe("hello\n");
    await expect(engine.readFile(id, "/etc")).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await expect(engine.readFile(id, "/none")).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await engine.removeImage(reference);
    await engine.removeImage(reference);
    expect(await engine.findImage(reference)).toBeUndefined();
    expect(await engine.list(["dev.sbx.role=probe", "dev.sbx.test=engine-docker"])).toEqual([]);
  });

  it("that cannot be built says why", async ({ expect }) => {
    const context = contextOf("ARG FROM\nFROM ${FROM}\nRUN echo the-reason; exit 3\n");
    await expect(
      engine.build({ context, dockerfile: "Dockerfile", reference: "sbx-test:never", args: { FROM: image }, labels: {} }, () => undefined, AbortSignal.timeout(60_000)),
    ).rejects.toMatchObject({ code: "BUILD_FAILED", details: { output: expect.arrayContaining(["the-reason"]) as unknown } });
  });

  it("stops being built on abort, and no container is left", async ({ expect }) => {
    const abort = new AbortController();
    const mark = `mark-${randomBytes(4).toString("hex")}`;
    const context = contextOf(`ARG FROM\nFROM \${FROM}\nLABEL dev.sbx.test.mark=${mark}\nRUN echo ${mark}; sleep 60\n`);
    const left = async () => (await engine.list([`dev.sbx.test.mark=${mark}`])).length;
    const during = Promise.withResolvers<number>();
    const build = engine.build(
      { context, dockerfile: "Dockerfile", reference: "sbx-test:never", args: { FROM: image }, labels: {} },
      (line) => {
        if (line === mark)
          void left().then((count) => {
            during.resolve(count);
            abort.abort(new Error("enough"));
          });
      },
      abort.signal,
    );
    await expect(build).rejects.toThrow("enough");
    expect(await during.promise).toBe(1);
    for (let waited = 0; (await left()) > 0 && waited < 5000; waited += 100) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await left()).toBe(0);
  });

  it("is not built of a context that breaks off", async ({ expect }) => {
    const context = new Readable({
      read() {
        this.destroy(new Error("disk gone"));
      },
    });
    await expect(engine.build({ context, dockerfile: "Dockerfile", reference: "sbx-test:never", args: {}, labels: {} }, () => undefined, AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: "ENGINE_FAILED",
    });
  });

  it("is imported from a root file system", async ({ expect }) => {
    const reference = `sbx-test-${randomBytes(4).toString("hex")}:imported`;
    const tar = pack();
    tar.entry({ name: "etc/greeting" }, "hi");
    tar.finalize();
    const id = await engine.importRootfs(Readable.from(tar), reference, AbortSignal.timeout(20_000));
    expect((await engine.readFile(id, "/etc/greeting")).toString()).toBe("hi");
    await engine.removeImage(reference);
  });

  it("that no registry gives is unavailable", async ({ expect }) => {
    await expect(engine.pull("127.0.0.1:9/none:x", () => undefined, AbortSignal.timeout(60_000))).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
    await expect(engine.pull("../../containers/json?", () => undefined, AbortSignal.timeout(1000))).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
  });
});

describe("an image's description", () => {
  it("says what it wants to be run with, and what it would like the engine to make", async ({ expect }) => {
    const reference = `sbx/test-config:${randomBytes(4).toString("hex")}`;
    const lines = ["ARG FROM", "FROM ${FROM}", 'ENTRYPOINT ["/bin/server"]', 'CMD ["--stdio"]', "WORKDIR /app", "ENV LEVEL=a=b", 'VOLUME ["/data"]', 'LABEL io.docker.server.metadata="name: x"'];
    const id = await engine.build({ context: contextOf(lines.join("\n")), dockerfile: "Dockerfile", reference, args: { FROM: image }, labels: {} }, () => undefined, AbortSignal.timeout(60_000));
    scope.defer(async () => engine.removeImage(reference));
    expect(await engine.imageConfig(id)).toMatchObject({
      entrypoint: ["/bin/server"],
      command: ["--stdio"],
      workdir: "/app",
      env: { LEVEL: "a=b" },
      volumes: ["/data"],
      labels: { "io.docker.server.metadata": "name: x" },
    });
    await expect(engine.imageConfig(`sha256:${"0".repeat(64)}`)).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
  });
});

describe("a volume", () => {
  it("that is read-only is filled by nothing and cannot be written, also when it was written before", async ({ expect }) => {
    const name = `sbx-test-${randomBytes(4).toString("hex")}`;
    await engine.createVolume(name, { "dev.sbx.test": "engine-docker" });
    scope.defer(async () => engine.removeVolume(name));
    const mounted = (readonly: boolean, target: string) => startContainer(engine, aSpec(image, { user: "0:0", mounts: [{ kind: "volume", source: name, target, readonly }] }));
    const look = async (id: string, script: string) => (await engine.run(id, { ...SPEC, user: "0:0", command: ["sh", "-c", script] })).stdout;
    {
      await using reader = await mounted(true, "/usr/share");
      expect(await look(reader.id, "ls /usr/share; touch /usr/share/x 2>/dev/null || echo refused")).toBe("refused\n");
    }
    {
      await using writer = await mounted(false, "/mnt/new");
      expect(await look(writer.id, "echo kept > /mnt/new/f && echo done")).toBe("done\n");
    }
    await using reader = await mounted(true, "/mnt/new");
    expect(await look(reader.id, "cat /mnt/new/f; rm /mnt/new/f 2>/dev/null || echo refused")).toBe("kept\nrefused\n");
  });
});

describe("an engine that is not there", () => {
  it("is told with every attempt", async ({ expect }) => {
    await expect(connectEngine({ endpoint: "/nonexistent.sock", environment: { DOCKER_HOST: "unix:///var/run/docker.sock" }, home: "/nonexistent" })).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      details: { attempts: [{ name: "configured endpoint", why: expect.stringContaining("ENOENT") as unknown }] },
    });
    await expect(connectEngine({ environment: { DOCKER_HOST: "ssh://somewhere" }, home: "/nonexistent" })).rejects.toMatchObject({
      message: expect.stringContaining("run sbx on that machine itself") as unknown,
    });
  });

  it("is one that answers with something else", async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), "sbx-engine-"));
    const server = createServer((socket) => {
      socket.end("SSH-2.0-nonsense\r\n");
    });
    await new Promise<void>((resolve) => {
      server.listen(join(folder, "s"), resolve);
    });
    await expect(connectEngine({ endpoint: join(folder, "s"), environment: {}, home: "/nonexistent" })).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    server.close();
    rmSync(folder, { recursive: true });
  });

  it("is not the one of this process's DOCKER_HOST", async ({ expect }) => {
    const before = process.env["DOCKER_HOST"];
    process.env["DOCKER_HOST"] = "tcp://127.0.0.1:9";
    try {
      expect((await connectEngine({ endpoint: "unix:///var/run/docker.sock", environment: {}, home: "/" })).info.endpoint).toBe("unix:///var/run/docker.sock");
    } finally {
      if (before === undefined) delete process.env["DOCKER_HOST"];
      else process.env["DOCKER_HOST"] = before;
    }
  });
});
