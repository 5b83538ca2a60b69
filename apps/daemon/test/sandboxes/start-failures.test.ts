import { AppError } from "@sbx/contracts";
import type { AgentProfile } from "@sbx/core";
import { describe, it } from "vitest";
import { openSandboxLab, WORKSPACE, type SandboxLab } from "./lab.ts";

/** Some forty sandboxes, each with a database of its own. */
const TIMEOUT_MS = 60_000;
const FAULT = "the planted fault";
const OPTIONS = { operation: "op", signal: new AbortController().signal };
/** A workspace of the usual user, and one whose owner needs a home of its own; the last with an SSH agent in each phase. */
const USERS: readonly { readonly uid: number; readonly gid: number; readonly installs: "agent" | "root"; readonly ssh: AgentProfile["ssh"] }[] = [
  { uid: 1000, gid: 1000, installs: "agent", ssh: {} },
  { uid: 1234, gid: 1234, installs: "agent", ssh: {} },
  { uid: 1234, gid: 1234, installs: "root", ssh: { install: { unrestricted: true }, runtime: { unrestricted: true } } },
];

function fail(): never {
  throw new AppError("ENGINE_FAILED", { message: FAULT, fix: "None." });
}

/** Steps that the work takes when nothing goes wrong. */
async function stepsOf(lab: SandboxLab, work: () => Promise<unknown>): Promise<readonly string[]> {
  lab.steps.breakAt(0, fail);
  await work();
  return [...lab.steps.taken];
}

describe.for(USERS)("a sandbox for uid $uid with an install hook of $installs that cannot be made", { timeout: TIMEOUT_MS }, ({ installs, ssh, ...user }) => {
  const options = { user, installs, changed: () => ({ ssh }) };
  it("leaves nothing, whichever step fails, and the next attempt makes it", async ({ expect }) => {
    await using clean = openSandboxLab(options);
    await clean.service.reconcile();
    const steps = await stepsOf(clean, () => clean.create());
    expect(steps).toEqual(expect.arrayContaining(["workspace.prepare", "engine.createVolume", "pods.open", "engine.create", "engine.start", "pod.ready", "workspace.verify", "store.putSandbox"]));
    const failed: string[] = [];
    for (let at = 1; at <= steps.length; at += 1) {
      await using lab = openSandboxLab(options);
      await lab.service.reconcile();
      lab.steps.breakAt(at, fail);
      const problem = await lab.create().then(
        () => undefined,
        (error: unknown) => error,
      );
      const step = `${at}: ${String(lab.steps.hit)}`;
      if (problem !== undefined) {
        failed.push(lab.steps.hit ?? "");
        expect([step, AppError.is(problem) ? problem.message : problem]).toEqual([step, FAULT]);
        expect([step, await lab.left()]).toEqual([step, []]);
      }
      const { live } = await lab.create();
      expect([step, live.running, live.record.ready]).toEqual([step, true, true]);
      await lab.service.remove(live.record.id);
      expect([step, await lab.left()]).toEqual([step, []]);
    }
    // Only what an image says of its users may be missing, and the watch over what runs begins after the making.
    const survived = new Set(["engine.readFile", "engine.awaitStop", "an engine"]);
    expect(new Set(steps.filter((step) => !survived.has(step)))).toEqual(new Set(failed.filter((step) => !survived.has(step))));
  });

  it("leaves nothing, whenever the caller gives up", async ({ expect }) => {
    await using clean = openSandboxLab(options);
    await clean.service.reconcile();
    const steps = await stepsOf(clean, () => clean.create());
    for (let at = 1; at <= steps.length; at += 1) {
      await using lab = openSandboxLab(options);
      await lab.service.reconcile();
      const caller = new AbortController();
      lab.steps.breakAt(at, () => {
        caller.abort(new Error("gone"));
      });
      const made = await lab.create({}, caller.signal).then(
        ({ live }) => live,
        () => undefined,
      );
      const step = `${at}: ${String(lab.steps.hit)}`;
      if (made === undefined) expect([step, await lab.left()]).toEqual([step, []]);
      const { live } = await lab.create();
      expect([step, live.running]).toEqual([step, true]);
      await lab.service.remove(live.record.id);
      expect([step, await lab.left()]).toEqual([step, []]);
    }
  });
});

describe("a sandbox that cannot be started again", { timeout: TIMEOUT_MS }, () => {
  it.for(["fails", "is given up"] as const)("is stopped whole whichever step %s, keeps its home, and starts the next time", async (how, { expect }) => {
    const stopped = async (): Promise<SandboxLab> => {
      const lab = openSandboxLab();
      await lab.create({ name: "box" });
      await lab.service.stop("box");
      return lab;
    };
    await using clean = await stopped();
    const steps = await stepsOf(clean, () => clean.service.start("box", OPTIONS));
    for (let at = 1; at <= steps.length; at += 1) {
      await using lab = await stopped();
      const caller = new AbortController();
      lab.steps.breakAt(at, () => {
        if (how === "fails") fail();
        caller.abort(new Error("gone"));
      });
      const started = await lab.service.start("box", { operation: "op", signal: caller.signal }).then(
        () => true,
        () => false,
      );
      const step = `${at}: ${String(lab.steps.hit)}`;
      if (!started) expect([step, await lab.active()]).toEqual([step, []]);
      expect([step, (await lab.left()).filter((one) => one.startsWith("volume "))]).toEqual([step, ["volume sbx-home-00000001", expect.stringMatching(/^volume sbx-volume-00000001-[0-9a-f]{16}$/)]]);
      const live = await lab.service.start("box", OPTIONS);
      expect([step, live.running, live.record.request.workspace]).toEqual([step, true, WORKSPACE]);
      await lab.service.remove("box");
      expect([step, await lab.left()]).toEqual([step, []]);
    }
  });
});
