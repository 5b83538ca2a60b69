import { test } from "vitest";
import { openSandboxLab } from "./lab.ts";

test("a sandbox is removed only when all that was kept for it is gone, its servers' data too", async ({ expect }) => {
  await using lab = openSandboxLab();
  const { live } = await lab.create();
  await lab.service.remove(live.record.id);
  expect(lab.forgotten).toEqual([live.record.id]);
  expect(lab.events.at(-1)).toMatchObject({ type: "sandbox.removed", sandbox: live.record.id });
});
