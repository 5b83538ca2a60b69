import { describe, it } from "vitest";
import { openSandboxLab } from "./lab.ts";

describe("a sandbox that is renamed", () => {
  it("is found by its new name and by its id, and by its old name no longer", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { live } = await lab.create();
    await lab.service.rename("shell-app", "review");
    expect(lab.service.get("review").record.id).toBe(live.record.id);
    expect(lab.service.get(live.record.id).record.name).toBe("review");
    expect(() => lab.service.get("shell-app")).toThrow(expect.objectContaining({ code: "SANDBOX_NOT_FOUND" }));
    expect(lab.events.at(-1)).toMatchObject({ type: "sandbox.renamed", fields: { name: "review", before: "shell-app" } });
  });

  it("does not get the name or the id of another", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { live } = await lab.create({ name: "one" });
    await lab.create({ name: "two" });
    for (const name of ["one", live.record.id]) await expect(lab.service.rename("two", name)).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(lab.service.get("two").record.name).toBe("two");
  });

  it("is named to whoever nearly names it", async ({ expect }) => {
    await using lab = openSandboxLab();
    await lab.create({ name: "payments" });
    expect(() => lab.service.get("paymnets")).toThrow('There is no sandbox "paymnets"; there is "payments"');
    expect(() => lab.service.get("unlike")).toThrow(/^There is no sandbox "unlike"$/);
  });
});
