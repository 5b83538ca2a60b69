import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { whyNoEngine, type OwnEngine } from "@sbx/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "vitest";
import { startEngineWithImages, whyNoImages } from "./bring-images.ts";
import { Lab, startService, until } from "./lab.ts";

const why = whyNoEngine("docker") ?? whyNoImages();
if (why !== undefined) process.stdout.write(`skipped: an engine that ends under sandboxes, 2 tests, because ${why}\n`);

describe.skipIf(why !== undefined)("an engine that ends under a sandbox and comes again (as root, who can start one)", () => {
  const scope = new AsyncDisposableStack();
  let own: OwnEngine;
  let lab: Lab;

  beforeAll(async () => {
    own = scope.use(await startEngineWithImages());
  }, 600_000);
  afterAll(() => scope.disposeAsync(), 120_000);
  beforeEach(() => {
    lab = new Lab({ DOCKER_HOST: own.host });
  });
  afterEach(async () => {
    if (!own.running) await own.start();
    await lab[Symbol.asyncDispose]();
  });

  it.for(["SIGTERM", "SIGKILL"] as const)("by %s: the daemon says so, nothing gets out that was not allowed, and the next run starts gate, hand-over, workload", async (signal, { expect }) => {
    await using service = await startService();
    const workspace = lab.workspace();
    await lab.run(workspace, "sh", "-c", "echo kept > ~/kept");
    // Tries all the time, from before the engine's end until after its return, what no rule allows.
    const script = `echo > begun; while [ ! -e enough ]; do (exec 3<>/dev/tcp/host.docker.internal/${service.port} && timeout 1 head -c2 <&3 >> passed) 2>/dev/null; sleep 0.1; done`;
    await lab.call("POST", "/v1/sandboxes/shell-project/sessions", { kind: "exec", mode: "streams", args: ["bash", "-c", script] });
    await until(() => existsSync(`${workspace}/begun`), "begun");

    await own.stop(signal);
    await until(async () => (await lab.sbx("daemon", "status")).out.includes("No container engine answered"), "the daemon's word");
    // Containers outlive an engine that was killed, and what runs in them starts more without it.
    const run = await lab.run(workspace, "true");
    expect([run.code, run.err]).toEqual(signal === "SIGKILL" ? [0, ""] : [125, expect.stringContaining("ENGINE_UNREACHABLE")]);
    expect((await lab.sbx("create", "--name", "another", "shell", workspace)).err).toContain("ENGINE_UNREACHABLE");
    await sleep(500);
    await own.start();
    await until(async () => (await lab.sandboxes())[0]?.state.phase === "stopped", "stopped");
    writeFileSync(`${workspace}/enough`, "");

    const before = (await lab.events()).length;
    expect(await lab.run(workspace, "cat", "/home/agent/kept")).toMatchObject({ code: 0, out: "kept\n" });
    const [gate, workload] = await Promise.all((["gate", "workload"] as const).map(async (role) => (await lab.docker("inspect", "-f", "{{.State.StartedAt}}", await lab.container(role))).trim()));
    const since = (await lab.events()).slice(before);
    const ready = since.find(({ type }) => type === "gate.ready");
    // The engine notes a start when it has happened, so that a quick gate may have said its word before.
    for (const earlier of [gate, ready?.at]) expect(Date.parse(earlier ?? "")).toBeLessThanOrEqual(Date.parse(workload ?? ""));
    // A connection may be taken by the kernel before it is refused: what counts is that nothing arrived, on either side.
    const passed = existsSync(`${workspace}/passed`) ? readFileSync(`${workspace}/passed`, "utf8") : "";
    expect([service.count(), passed]).toEqual([0, ""]);
    expect((await lab.inEngine()).length).toBe(3);
    expect((await lab.sbx("rm", "--force", "shell-project")).code).toBe(0);
    expect(await lab.inEngine()).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(lab.root);
  });
});
