import { afterAll, beforeAll, describe, test } from "vitest";
import { equip, Lab, OWNERS, type Equipment } from "./lab.ts";

let equipment: Equipment;
beforeAll(async () => {
  equipment = await equip();
}, 600_000);
afterAll(async () => {
  await equipment.remove();
});

describe.each(OWNERS)("what is hidden in a workspace of uid $uid, mounts by $mounts", ({ uid: owner, mounts }) => {
  test("is not uncovered by another name of a directory above it, in this run or the next", async ({ expect }) => {
    await using lab = await Lab.make(equipment, { owner, mounts });
    await lab.write("project/conf/deep/key", "THE-KEY\n");
    await lab.write("project/releases/1/key", "THE-KEY\n");
    await lab.as(["mkdir", "releases/2"]);
    await lab.as(["ln", "-s", "releases/1", "current"]);
    const request = lab.request({ hide: ["conf/deep/key", "current/key"] });
    const first = await lab.start(request);
    const moves = ["conf c", "conf/deep d", "conf/deep conf/d", "releases r", "releases/1 releases/3"].map((move) => `mv ${move} && echo MOVED`);
    const { stdout } = await first.sh(`${moves.join("; ")}; ln -sfn releases/2 current; grep -rs THE-KEY .; echo fine > conf/deep/other; cat conf/deep/other`);
    expect(stdout).toBe("fine\n");
    await first.end();
    const second = await lab.start(request);
    expect((await second.sh("grep -rs THE-KEY .; cat current/key; true")).stdout).toBe("");
  });
});
