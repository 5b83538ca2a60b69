import type { ContainerSpec } from "@sbx/core";
import { describe, it } from "vitest";
import { openSandboxLab } from "./lab.ts";

const DISK = { limits: { diskBytes: 1 << 30 } };

describe("a sandbox whose disk is bounded", () => {
  it("has a bounded system, home and volumes, also when it is made anew", async ({ expect }) => {
    await using lab = openSandboxLab();
    const specs: ContainerSpec[] = [];
    const create = lab.engine.create.bind(lab.engine);
    lab.engine.create = (spec, signal) => {
      specs.push(spec);
      return create(spec, signal);
    };
    const { live } = await lab.create(DISK);
    expect([live.record.request.limits.diskBytes, live.record.skipped]).toEqual([1 << 30, []]);
    const sizes = [...lab.engine.volumeSizes.values()];
    expect(sizes).toEqual([1 << 30, 1 << 30]);
    expect(specs.filter(({ command }) => command[1] === "init").map(({ limits }) => limits.diskBytes)).toEqual([1 << 30]);
    lab.engine.volumeSizes.clear();
    await lab.service.recreate("shell-app", { args: {} }, { operation: "op", signal: new AbortController().signal, beforeStop: () => Promise.resolve() });
    expect([...lab.engine.volumeSizes.values()]).toEqual([1 << 30, 1 << 30]);
  });

  it("is not made where the engine cannot bound it: nothing is left, and the reason is the engine's", async ({ expect }) => {
    await using lab = openSandboxLab();
    lab.engine.disk = { noLayer: "only over xfs with 'pquota'", noVolumes: "no quota support" };
    await expect(lab.create(DISK)).rejects.toMatchObject({ code: "PLATFORM_UNSUPPORTED", message: expect.stringContaining("only over xfs with 'pquota'") as string });
    expect(await lab.left()).toEqual([]);
    expect((await lab.create()).live.running).toBe(true);
  });

  it("says so where home and volumes cannot be bounded, and asks for nothing of them", async ({ expect }) => {
    await using lab = openSandboxLab();
    lab.engine.disk = { noVolumes: "no quota support" };
    const { live } = await lab.create(DISK);
    expect([live.record.skipped, lab.engine.volumeSizes.size]).toEqual([[expect.stringContaining("no quota support")], 0]);
  });

  it("is not joined by who asks for another bound", async ({ expect }) => {
    await using lab = openSandboxLab();
    await lab.create(DISK);
    await expect(lab.create({ limits: { diskBytes: 2 << 30 } })).rejects.toMatchObject({ code: "SANDBOX_BUSY", message: expect.stringContaining("--disk") as string });
  });
});
