import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { homedir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { whyNoEngine } from "@sbx/testing";
import { describe, it } from "vitest";
import { runDockerGuard } from "../../src/docker/run-docker-guard.ts";
import { createLog } from "../../src/log.ts";

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));
const missing = whyNoEngine("docker");
/** Names a test's image in the engine, so that a policy can name it. */
const IMAGE = "sbx-guard-test/base:1";

/** Answers every request with a line. */
const SERVER = String.raw`$s = IO::Socket::INET->new(LocalPort => 8000, Listen => 5, ReuseAddr => 1) or die; while ($c = $s->accept) { sysread $c, $b, 4096; print $c "HTTP/1.0 200 OK\r\n\r\npublished\n"; close $c }`;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  execFile(program, args, { timeout: 120_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr }));
  return promise;
}

describe.skipIf(missing !== undefined)(`a Docker API without a sandbox${missing === undefined ? "" : ` (${missing})`}`, () => {
  it("serves what its policy names to the docker command line, and leaves nothing", { timeout: 300_000 }, async ({ expect }) => {
    const directory = await mkdtemp("/tmp/sbx-guard-test-");
    const socket = `${directory}/api.sock`;
    const engine = await connectEngine({ environment: process.env, home: homedir(), labels: {}, directory });
    const base = await createImageMaker({ engine, env: process.env }).base(() => undefined, AbortSignal.timeout(250_000));
    await run("docker", ["tag", base, IMAGE]);
    const secret = createServer((_request, response) => response.end("of the host")).listen(0, "127.0.0.1");
    await once(secret, "listening");
    const address = secret.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await writeFile(`${directory}/policy.json`, JSON.stringify({ version: 1, hosts: ["allowed.example.org"], images: [IMAGE], limits: { containers: 3 } }));
    const ended = new AbortController();
    const serving = Promise.withResolvers<undefined>();
    const before = (await engine.list([])).map(({ id }) => id).toSorted();
    const running = runDockerGuard({ socket, policyFile: `${directory}/policy.json`, environment: process.env, log: createLog(), ready: () => serving.resolve(undefined) }, ended.signal);
    try {
      await Promise.race([serving.promise, running]);
      const docker = (...args: readonly string[]) => run("docker", ["-H", `unix://${socket}`, ...args]);
      const tries = ["127.0.0.1", "host.docker.internal", "other.example.org", "172.17.0.1"].map((host) => `curl -sS -m 5 http://${host}:${port}/`).join("; ");
      const tried = await docker("run", "--rm", "--add-host", "host.docker.internal:host-gateway", IMAGE, "sh", "-c", `${tries}; echo end`);
      expect([tried.stdout, tried.stderr.includes("curl: (")]).toEqual(["end\n", true]);
      expect((await docker("run", "--rm", IMAGE, "ls", "/sys/class/net")).stdout).toBe("lo\n");
      expect((await docker("images", "--format", "{{.Repository}}:{{.Tag}}")).stdout).toBe(`${IMAGE}\n`);
      await docker("run", "-d", "--name", "web", "-p", "8000", IMAGE, "perl", "-MIO::Socket::INET", "-e", SERVER);
      const published = (await docker("port", "web", "8000")).stdout.trim().split("\n")[0] ?? "";
      let page = "";
      for (const until = Date.now() + 60_000; page === "" && Date.now() < until; await sleep(100))
        page = await fetch(`http://${published}/`).then(
          (answer) => answer.text(),
          () => "",
        );
      expect(page).toBe("published\n");
      for (const options of [["-v", "/:/host"], ["-v", `${socket}:/var/run/docker.sock`], ["--privileged"], ["--network", "host"], ["--pid", "host"]]) {
        const { code, stdout } = await docker("run", "--rm", ...options, IMAGE, "echo", "through");
        expect([options, code, stdout]).toEqual([options, 125, ""]);
      }
      expect((await docker("pull", "debian:12")).stderr).toContain("has no rule to pull");
      expect((await docker("ps", "-aq", "--no-trunc")).stdout.trim().split("\n")).toHaveLength(1);
    } finally {
      ended.abort();
      await running;
      secret.close();
      await run("docker", ["rmi", IMAGE]);
    }
    expect((await engine.list([])).filter(({ id, labels }) => !before.includes(id) && String(labels["dev.sbx.owner"]).startsWith("guard:"))).toEqual([]);
    expect(existsSync(socket)).toBe(false);
    await rm(directory, { recursive: true });
  });

  it("takes away what a guard left that was killed, when the next one starts, and nothing of one that lives", { timeout: 300_000 }, async ({ expect }) => {
    await using scope = new AsyncDisposableStack();
    const directory = await mkdtemp("/tmp/sbx-guard-test-");
    scope.defer(() => rm(directory, { recursive: true }));
    const engine = await connectEngine({ environment: process.env, home: homedir(), labels: {}, directory });
    const base = await createImageMaker({ engine, env: process.env }).base(() => undefined, AbortSignal.timeout(250_000));
    const image = "sbx-guard-test/left:1";
    await run("docker", ["tag", base, image]);
    scope.defer(async () => void (await run("docker", ["rmi", image])));
    const policyFile = `${directory}/policy.json`;
    await writeFile(policyFile, JSON.stringify({ version: 1, images: [image] }));
    const environment = { ...process.env, SBX_STATE_DIR: `${directory}/state` };
    const docker = async (socket: string, ...args: readonly string[]): Promise<Ran> => await run("docker", ["-H", `unix://${directory}/${socket}`, ...args]);
    const serve = async (socket: string): Promise<void> => {
      const ended = new AbortController();
      const serving = Promise.withResolvers<undefined>();
      const running = runDockerGuard({ socket: `${directory}/${socket}`, policyFile, environment, log: createLog(), ready: () => serving.resolve(undefined) }, ended.signal);
      scope.defer(async () => {
        ended.abort();
        await running;
      });
      await Promise.race([serving.promise, running]);
    };
    const before = (await engine.list([])).map(({ id }) => id);
    const left = async (): Promise<readonly string[]> =>
      (await engine.list([]))
        .filter(({ id, labels }) => !before.includes(id) && String(labels["dev.sbx.owner"]).startsWith("guard:"))
        .map(({ labels }) => `${labels["dev.sbx.owner"]} ${labels["dev.sbx.role"]}`);
    const killed = spawn(process.execPath, ["--conditions=@sbx/source", BIN, "--docker-guard", `${directory}/one`, "--docker-policy", policyFile], {
      env: environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    scope.defer(() => void killed.kill("SIGKILL"));
    await once(killed.stdout, "data");
    await docker("one", "run", "-d", "-v", "data:/data", image, "sleep", "300");
    const ofOne = (await left())[0]?.split(" ")[0] ?? "none";
    expect(await left()).toEqual(expect.arrayContaining([`${ofOne} child`, `${ofOne} child-gate`]));
    await serve("two");
    await docker("two", "run", "-d", "--name", "lives", image, "sleep", "300");
    expect(await left()).toEqual(expect.arrayContaining([`${ofOne} child`]));
    const ended = once(killed, "exit");
    killed.kill("SIGKILL");
    await ended;
    expect(await left()).toEqual(expect.arrayContaining([`${ofOne} child`]));
    await serve("one");
    expect((await left()).filter((one) => one.startsWith(ofOne))).toEqual([]);
    expect(await engine.listVolumes([`dev.sbx.owner=${ofOne}`])).toEqual([]);
    expect((await docker("two", "ps", "--format", "{{.Names}}")).stdout).toBe("lives\n");
    expect((await docker("one", "ps", "-aq")).stdout).toBe("");
  });

  it.for(["", "{}", '{"version":1,"hosts":["https://x"]}', '{"version":1,"images":["*"]}', '{"version":1,"more":1}', '{"version":1,"hosts":[],"hosts":["**"]}'])(
    "serves nothing while its policy is %j",
    async (text, { expect }) => {
      const directory = await mkdtemp("/tmp/sbx-guard-test-");
      await writeFile(`${directory}/policy.json`, text);
      const started = runDockerGuard(
        { socket: `${directory}/api.sock`, policyFile: `${directory}/policy.json`, environment: process.env, log: createLog(), ready: () => undefined },
        AbortSignal.timeout(60_000),
      );
      await expect(started).rejects.toMatchObject({ code: "CONFIG_INVALID" });
      expect(existsSync(`${directory}/api.sock`)).toBe(false);
      await rm(directory, { recursive: true });
    },
  );
});
