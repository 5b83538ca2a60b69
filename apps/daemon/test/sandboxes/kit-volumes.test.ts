import { describe, it } from "vitest";
import { openSandboxLab } from "./lab.ts";

const OPTIONS = { operation: "op", signal: new AbortController().signal };

describe("volumes of a sandbox's Kits", () => {
  it("stay over stop, start and another container, and go with the sandbox alone", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { live } = await lab.create({ name: "box" });
    await lab.engine.createVolume("sbx-volume-stranger", { "dev.sbx.owner": "1000:lab", "dev.sbx.sandbox": "sbx_99999999", "dev.sbx.role": "volume" });
    const [volume] = await lab.engine.listVolumes([`dev.sbx.sandbox=${live.record.id}`, "dev.sbx.role=volume"]);
    expect(volume?.name).toMatch(/^sbx-volume-00000001-[0-9a-f]{16}$/);

    const given = (await lab.engine.list([])).map(({ name }) => name);
    expect(given).not.toContain("sbx-volume-00000001");
    await lab.service.stop("box");
    await lab.engine.remove(live.record.workload ?? "");
    await lab.service.start("box", OPTIONS);
    expect(await lab.engine.listVolumes([`dev.sbx.sandbox=${live.record.id}`, "dev.sbx.role=volume"])).toEqual([volume]);

    await lab.service.remove("box");
    expect(await lab.left()).toEqual(["volume sbx-volume-stranger"]);
  });

  it("keep a sandbox from being made or started where they would lie over something else by a link", async ({ expect }) => {
    await using lab = openSandboxLab();
    lab.engine.links.add("/data");
    await expect(lab.create()).rejects.toMatchObject({ code: "KIT_UNSUPPORTED" });
    expect(await lab.left()).toEqual([]);

    lab.engine.links.clear();
    await lab.create({ name: "box" });
    await lab.service.stop("box");
    lab.engine.links.add("/data");
    await expect(lab.service.start("box", OPTIONS)).rejects.toMatchObject({ code: "KIT_UNSUPPORTED" });
    expect(await lab.active()).toEqual([]);
    lab.engine.links.clear();
    expect((await lab.service.start("box", OPTIONS)).running).toBe(true);
  });

  it("are refused over the workspace before anything is made", async ({ expect }) => {
    await using lab = openSandboxLab();
    await expect(lab.create({ workspace: "/data/project" })).rejects.toMatchObject({ code: "KIT_UNSUPPORTED" });
    expect(await lab.left()).toEqual([]);
    expect(lab.steps.taken.filter((step) => step.includes("create"))).toEqual([]);
  });
});
