import { lstatSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { openSandboxLab, type SandboxLab } from "./lab.ts";

const never = new AbortController().signal;

/** A sandbox that was started and stopped, with the id of its workload. */
async function stopped(lab: SandboxLab) {
  const { live } = await lab.create();
  const { id } = live.record;
  await lab.service.stop(id);
  return { id, workload: live.record.workload, files: path.join(lab.root, "sandboxes", id, "files") };
}

describe("a sandbox that was stopped", () => {
  it("has the same containers when it starts again", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { id, workload } = await stopped(lab);
    await lab.service.start(id, { operation: "op", signal: never });
    expect(lab.service.get(id).record.workload).toBe(workload);
  });

  it.for(["gate", "workload"])("has new containers where the engine does not let go of the last run of its %s", async (role, { expect }) => {
    await using lab = openSandboxLab();
    const { id, workload } = await stopped(lab);
    lab.steps.breakAt(0, () => undefined);
    const held = (details: AppError["details"]) => (): never => {
      throw new AppError("ENGINE_FAILED", { message: "task: already exists", fix: "None.", details });
    };
    await lab.service.start(id, { operation: "op", signal: never });
    const starts = lab.steps.taken.flatMap((step, at) => (step === "engine.start" ? [at + 1] : []));
    const at = starts[role === "gate" ? 0 : 1] ?? Number.NaN;
    await lab.service.stop(id);

    lab.steps.breakAt(at, held({ held: true }));
    await lab.service.start(id, { operation: "op", signal: never });
    expect(lab.steps.hit).toBe("engine.start");
    const { running, record } = lab.service.get(id);
    expect([running, record.workload === workload]).toEqual([true, false]);
    expect((await lab.engine.list([])).map(({ state }) => state)).toEqual(["running", "running"]);
    const again = record.workload;
    await lab.service.stop(id);

    lab.steps.breakAt(at, held({}));
    await expect(lab.service.start(id, { operation: "op", signal: never })).rejects.toThrow("already exists");
    expect(lab.service.get(id).record.workload).toBe(again);
    expect((await lab.engine.list([])).map(({ state }) => state)).not.toContain("running");
  });

  it.for([
    ["all its files", (files: string) => rmSync(files, { recursive: true })],
    ["one of its files", (files: string) => rmSync(path.join(files, "resolv.conf"))],
    [
      "a file, and has a link in its place",
      (files: string) => {
        rmSync(path.join(files, "hosts"));
        symlinkSync("/etc/shadow", path.join(files, "hosts"));
      },
    ],
  ] as const)("and lost %s behind the daemon's back has new containers, with new files", async ([, lose], { expect }) => {
    await using lab = openSandboxLab();
    const { id, workload, files } = await stopped(lab);
    lose(files);
    await lab.service.start(id, { operation: "op", signal: never });
    expect(lab.service.get(id).record.workload).not.toBe(workload);
    for (const name of ["passwd", "group", "hosts", "resolv.conf"]) expect(lstatSync(path.join(files, name)).isFile(), name).toBe(true);
    expect(await lab.active()).toHaveLength(4);
    expect((await lab.engine.list([])).map(({ name }) => name)).toHaveLength(2);
  });
});
