import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, patiently, type Host } from "../src/open-host.ts";

const IMAGE = "sbx/own:latest";
const MIB = 2 ** 20;
/** So much sooner than for a person that a test can wait for it. */
const IDLE_MS = 1500;
const ask = (port: number): string => `nc -w 5 host.docker.internal ${port} </dev/null`;

async function serveWord(word: string): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => void socket.on("error", () => undefined).end(`${word}\n`)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : 0 };
}

describe("a sandbox that was made with --docker-policy", () => {
  let host: Host;
  let services: readonly Awaited<ReturnType<typeof serveWord>>[] = [];
  const inside = (script: string) => host.sbx(["exec", "shell-narrow", "sh", "-c", script]);
  beforeAll(async () => {
    host = openHost();
    services = [await serveWord("named"), await serveWord("not named")];
    const cwd = await host.project("narrow");
    const limits = { containers: 3, memoryBytes: 64 * MIB, totalMemoryBytes: 96 * MIB };
    const hosts = [`host.docker.internal:${services[0]?.port ?? 0}`, "of-no-rule.example.org"];
    writeFileSync(path.join(host.home, "policy.json"), JSON.stringify({ version: 1, hosts, images: ["sbx-e2e-named/*"], limits }));
    writeFileSync(path.join(host.home, "wrong.json"), JSON.stringify({ version: 1, hosts, more: 1 }));
    const made = await host.sbx(["create", "-q", "--mount-docker-socket", "--docker-policy", path.join(host.home, "policy.json"), "shell"], { cwd });
    if (made.code !== 0) throw new Error(made.stderr);
    for (const { port } of services) await host.sbx(["policy", "allow", `host.docker.internal:${port}`, "--sandbox", "shell-narrow"]);
  });
  afterAll(async () => {
    for (const { server } of services) server.close();
    await host[Symbol.asyncDispose]();
  });

  it("lets its containers reach what both the file and its rules name, and itself what its rules name", async ({ expect }) => {
    const script = services.map(({ port }) => ask(port)).join("; ");
    expect((await inside(script)).stdout).toBe("named\nnot named\n");
    expect((await inside(`docker run --rm ${IMAGE} sh -c '${script}; getent hosts of-no-rule.example.org && nc -zw 5 of-no-rule.example.org 443 && echo through'`)).stdout).not.toMatch(
      /not named|through/,
    );
    expect((await inside(`docker run --rm ${IMAGE} sh -c '${script}'`)).stdout).toBe("named\n");
  });

  it("holds each container and all together to its limits, whatever is asked for", async ({ expect }) => {
    expect((await inside(`docker create --name a -m 1g ${IMAGE} sleep 300 >/dev/null; docker inspect a -f '{{.HostConfig.Memory}}'`)).stdout).toBe(`${64 * MIB}\n`);
    const { id } = await host.sandbox("shell-narrow");
    const held = await Promise.all((await host.containersOf(id)).filter(({ Labels }) => Labels["dev.sbx.role"] === "child").map(({ Id }) => host.inspect(Id)));
    expect(held.map((text) => (JSON.parse(text) as { readonly HostConfig: { readonly Memory: number } }).HostConfig.Memory)).toEqual([64 * MIB]);
    const more = await inside(`docker start a >/dev/null; docker run -d --name b -m 48m ${IMAGE} sleep 300 >/dev/null; docker inspect b -f '{{.HostConfig.Memory}}'; docker run --rm ${IMAGE} true`);
    expect(more).toEqual({ code: 125, stdout: `${32 * MIB}\n`, stderr: expect.stringContaining("have all of the memory that they may have together") as unknown });
    await inside("docker rm -f a b");
    expect((await inside(`for n in 1 2 3 4; do docker create --name n$n ${IMAGE} true; done; docker rm -f n1 n2 n3 n4 >/dev/null 2>&1`)).stderr).toContain(
      "this sandbox has as many containers as it may have (3)",
    );
  });

  it("has its own image and no other that the file does not name, though the person allows it", async ({ expect }) => {
    const image = (await host.sandbox("shell-narrow")).id;
    const base = (JSON.parse(await host.inspect((await host.containersOf(image)).find(({ Labels }) => Labels["dev.sbx.role"] === "workload")?.Id ?? "")) as { readonly Image: string }).Image;
    const names = [`sbx-e2e-named/one:${process.pid}`, `sbx-e2e-other/one:${process.pid}`];
    try {
      for (const name of names) {
        execFileSync("docker", ["tag", base, name]);
        expect((await host.sbx(["docker", "allow-image", name])).code).toBe(0);
      }
      expect((await inside("docker images --format '{{.Repository}}' | sort")).stdout).toBe("sbx-e2e-named/one\nsbx/own\n");
      expect((await inside(`docker run --rm ${names[1] ?? ""} true`)).code).toBe(125);
    } finally {
      execFileSync("docker", ["rmi", ...names]);
    }
  });

  it("is none when the file is not understood whole", async ({ expect }) => {
    const cwd = await host.project("wrong");
    expect((await host.sbx(["create", "-q", "--mount-docker-socket", "--docker-policy", path.join(host.home, "wrong.json"), "shell"], { cwd })).code).not.toBe(0);
    expect((await host.sandboxes()).map(({ name }) => name)).toEqual(["shell-narrow"]);
  });
});

describe("a sandbox without a session", () => {
  it("is not stopped while its Docker API is used, and is after that", async ({ expect }) => {
    await using host = openHost({ SBX_IDLE_STOP_MS: String(IDLE_MS) });
    const cwd = await host.project("idle");
    expect((await host.sbx(["create", "-q", "--mount-docker-socket", "shell"], { cwd })).code).toBe(0);
    const follow = `docker run -d --name x ${IMAGE} sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done' >/dev/null && (setsid docker logs -f x >/dev/null 2>&1 </dev/null &)`;
    expect((await host.sbx(["exec", "shell-idle", "sh", "-c", follow])).code).toBe(0);
    const isStopped = async (): Promise<boolean> => (await host.sandbox("shell-idle")).state.phase === "stopped";
    expect(await patiently(4 * IDLE_MS, isStopped)).toBe(false);
    const { id } = await host.sandbox("shell-idle");
    execFileSync("docker", ["-H", `unix://${host.stateDirectory}/pods/${id}/api/sock`, "exec", "x", "touch", "/tmp/go"]);
    expect(await patiently(60_000, isStopped)).toBe(true);
  });
});

/** Why a file cannot be put where only administrators may, for one process and what it starts. */
const whyNoAdministrator = process.getuid?.() === 0 ? undefined : "needs root, to be a machine's administrator in a mount namespace";

describe.skipIf(whyNoAdministrator !== undefined)(`a machine whose organisation forbids the raw socket${whyNoAdministrator === undefined ? "" : ` (${whyNoAdministrator})`}`, () => {
  it("gives it to no sandbox, also to none that had it before, and to none while its file cannot be understood", async ({ expect }) => {
    await using host = openHost();
    const etc = mkdtempSync("/tmp/sbx-e2e-etc-");
    cpSync("/etc", etc, { recursive: true, verbatimSymlinks: true });
    // The daemon alone sees this directory as /etc: the path is the real one, and the machine keeps what it has.
    const asAdministrator = ["--mount", "--propagation", "slave", "sh", "-c", `mount --bind ${etc} /etc && exec "$@"`, "sh", ...host.launcher, "daemon", "start"];
    const policy = path.join(etc, "sbx", "policy.json");
    mkdirSync(path.dirname(policy), { recursive: true });
    try {
      const cwd = await host.project("banned", 1000);
      const create = (name: string) => host.sbx(["create", "-q", "--name", name, "--mount-docker-socket=raw", "--accept-host-root", "shell"], { cwd });
      expect(await create("raw")).toMatchObject({ code: 0 });
      for (const args of [
        ["stop", "raw"],
        ["daemon", "stop"],
      ])
        expect((await host.sbx(args)).code).toBe(0);
      execFileSync("unshare", asAdministrator, { env: host.env, stdio: "ignore" });
      for (const [text, why] of [
        [JSON.stringify({ version: 1, dockerSocketRaw: false }), "/etc/sbx/policy.json forbids"],
        ["{", "/etc/sbx/policy.json cannot be used"],
      ] as const) {
        writeFileSync(policy, text, { mode: 0o644 });
        for (const { code, stderr } of [await host.sbx(["start", "raw"]), await create("other")]) expect([code === 0, stderr]).toEqual([false, expect.stringContaining(why)]);
        expect((await host.sandboxes()).map(({ name, state }) => [name, state.phase === "running"])).toEqual([["raw", false]]);
      }
    } finally {
      await host.sbx(["rm", "--all", "--force"]);
      await host.sbx(["daemon", "stop"]);
      rmSync(etc, { recursive: true });
    }
  });
});
