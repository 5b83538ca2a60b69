import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "vitest";
import { docker, Lab, until } from "./lab.ts";

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

const run = ["run", "-q", "shell", "--", "echo", "done"];

describe("Ctrl-C", () => {
  it.for([0, 60, 150, 300, 500])("%i ms after a sandbox was begun leaves nothing, and the next run works", async (wait, { expect }) => {
    await lab.sbx("ls");
    const workspace = lab.workspace();
    const { child, done } = lab.begin(["create", "shell"], { cwd: workspace });
    await until(async () => (await lab.events()).some(({ type }) => type === "sandbox.created"), "a sandbox");
    await sleep(wait);
    child.kill("SIGINT");
    const { code } = await done;
    console.log(`interrupted ${wait} ms after it was begun: code ${code}`);
    if (code === 0) expect((await lab.sbx("rm", "shell-project")).code).toBe(0);
    // At first there is nothing because nothing was made yet.
    await until(async () => (await lab.sandboxes()).length === 0 && (await lab.left(workspace)).length === 0, "nothing left");
    expect(await lab.begin(run, { cwd: workspace }).done).toMatchObject({ code: 0, out: "done\n" });
  });

  it("while an image is built leaves nothing", async ({ expect }) => {
    const kit = path.join(lab.root, "slow");
    mkdirSync(kit);
    writeFileSync(
      path.join(kit, "kit.yaml"),
      '# syntax=docker/sandbox-kit:3\nschemaVersion: "3"\nkind: workload\ndisplayName: Slow\ndescription: Takes its time.\nversion: "1.0.0"\nprovides: ["dev.sbx/shell"]\n',
    );
    writeFileSync(path.join(kit, "kit.dockerfile"), `ARG SBX_BASE\nFROM \${SBX_BASE}\nRUN echo ${path.basename(lab.root)} && sleep 4501\nUSER agent\nCMD ["true"]\n`);
    const workspace = lab.workspace();
    const { child, done } = lab.begin(["run", kit, "--", "true"], { cwd: workspace });
    const building = async (): Promise<boolean> => (await docker("ps", "--no-trunc", "--format", "{{.Command}}")).includes("sleep 4501");
    await until(building, "the build");
    child.kill("SIGINT");
    expect((await done).code).not.toBe(0);
    await until(async () => (await lab.inEngine()).length === 0, "an empty engine");
    expect(await lab.left(workspace)).toEqual([]);
    await until(async () => !(await building()), "the end of the build");
  });
});

describe("two runs at the same moment in one workspace", () => {
  it("share one sandbox", async ({ expect }) => {
    const workspace = lab.workspace();
    const outcomes = await Promise.all([1, 2, 3].map(async () => lab.begin(run, { cwd: workspace }).done));
    expect(outcomes.map(({ code, out }) => [code, out])).toEqual([
      [0, "done\n"],
      [0, "done\n"],
      [0, "done\n"],
    ]);
    expect(await lab.sandboxes()).toHaveLength(1);
    expect((await lab.inEngine()).length).toBe(3);
  });

  it("do not fail each other: the second succeeds when the first is interrupted", async ({ expect }) => {
    await lab.sbx("ls");
    const workspace = lab.workspace();
    const first = lab.begin(run, { cwd: workspace });
    await sleep(250);
    const second = lab.begin(run, { cwd: workspace });
    await sleep(150);
    first.child.kill("SIGINT");
    expect(await second.done).toMatchObject({ code: 0, out: "done\n" });
    await first.done;
    expect(await lab.sandboxes()).toHaveLength(1);
  });
});

describe("without an engine", () => {
  it("a run is refused with reasons and a fix, leaves nothing, and what is remembered is still listed", async ({ expect }) => {
    await lab.run(lab.workspace(), "true");
    await lab.sbx("stop", "shell-project");
    await lab.sbx("daemon", "stop");
    const env = { DOCKER_HOST: "unix:///nonexistent" };
    const refused = await lab.begin(["run", "shell", "--", "true"], { cwd: lab.workspace("other"), env }).done;
    expect(refused.code).toBe(125);
    expect(refused.err).toContain("ENGINE_UNREACHABLE");
    expect(refused.err).toContain("DOCKER_HOST");
    expect((await lab.begin(["ls"], { env }).done).out).toContain("shell-project");
    expect((await lab.inEngine()).length).toBe(3);
    await lab.begin(["daemon", "stop"], { env }).done;
  });

  it("that comes back later, work goes on with the same daemon", async ({ expect }) => {
    await lab.run(lab.workspace(), "true");
    await lab.killDaemon();
    const socket = path.join(lab.root, "e.sock");
    const env = { DOCKER_HOST: `unix://${socket}` };
    expect((await lab.begin(["ls"], { env }).done).code).toBe(0);
    const pid = lab.daemon;
    const { symlinkSync } = await import("node:fs");
    symlinkSync("/var/run/docker.sock", socket);
    await until(async () => (await lab.sandboxes())[0]?.state.network === "ready", "the network");
    expect(lab.daemon).toBe(pid);
    expect(await lab.run(lab.workspace(), "echo", "back")).toMatchObject({ code: 0, out: "back\n" });
  });
});
