import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";
import { createOrganisationPolicy, ORGANISATION_POLICY_FILE } from "../../src/policy/organisation-policy.ts";

const ME = process.getuid?.() ?? -1;
let root: string;
beforeEach(() => {
  root = mkdtempSync("/tmp/sbx-organisation-");
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const file = () => path.join(root, "policy.json");
const check = (owner = ME) => createOrganisationPolicy(file(), owner).checkRawSocket();
const write = (text: string, mode = 0o644) => {
  writeFileSync(file(), text);
  chmodSync(file(), mode);
};

describe("what an organisation forbids", () => {
  it("lies where no user puts it", ({ expect }) => {
    expect(ORGANISATION_POLICY_FILE).toBe("/etc/sbx/policy.json");
  });

  it("is nothing without a file, and the raw socket only where the file says so", async ({ expect }) => {
    await expect(check()).resolves.toBeUndefined();
    for (const text of ['{"version":1}', '{"version":1,"dockerSocketRaw":true}']) {
      write(text);
      await expect(check()).resolves.toBeUndefined();
    }
    write('{"version":1,"dockerSocketRaw":false}');
    await expect(check()).rejects.toMatchObject({ code: "ORGANISATION_DENIED" });
  });

  it.for([
    "",
    "{",
    "[]",
    "null",
    '{"version":2,"dockerSocketRaw":true}',
    '{"dockerSocketRaw":true}',
    '{"version":1,"dockerSocketRaw":"false"}',
    '{"version":1,"dockersocketraw":false}',
    '{"version":1,"dockerSocketRaw":true,"more":1}',
  ])("is the raw socket too while the file is %j, which is not understood", async (text, { expect }) => {
    write(text);
    await expect(check()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("is it too where others may have written the file, or it is none", async ({ expect }) => {
    for (const mode of [0o666, 0o664, 0o646]) {
      write('{"version":1,"dockerSocketRaw":true}', mode);
      await expect(check()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    }
    write('{"version":1,"dockerSocketRaw":true}');
    await expect(check(ME + 1)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    rmSync(file());
    mkdirSync(file());
    await expect(check()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    rmSync(file(), { recursive: true });
    symlinkSync("/dev/zero", file());
    await expect(check()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
