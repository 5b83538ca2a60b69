import { SandboxId } from "@sbx/contracts";
import { describe, it } from "vitest";
import { Seal } from "../../src/owned/seal.ts";

const key = new Uint8Array(32).fill(7);
const sandbox = SandboxId.parse("sbx_aaaaaaaa");
const seal = new Seal({ key, sandbox, owner: { "dev.sbx.owner": "me" } });
const RECORD = "dev.sbx.docker.record";

describe("Seal", () => {
  it("gives a record back to the daemon that made it", ({ expect }) => {
    expect(seal.open("child", seal.labels("child", "record"))).toBe("record");
  });

  it.for<readonly [string, Readonly<Record<string, string>>]>([
    ["that was changed", { [RECORD]: "other" }],
    ["without a code", { "dev.sbx.docker.seal": "" }],
    ["with another code", { "dev.sbx.docker.seal": "ab".repeat(32) }],
    ["of another sandbox", { "dev.sbx.sandbox": "sbx_bbbbbbbb" }],
    ["of another kind", { "dev.sbx.role": "child-volume" }],
  ])("does not open a record %s", ([, change], { expect }) => {
    expect(seal.open("child", { ...seal.labels("child", "record"), ...change })).toBeUndefined();
  });

  it("does not open another sandbox's record, nor one of another key", ({ expect }) => {
    const labels = seal.labels("child", "record");
    const other = new Seal({ key, sandbox: SandboxId.parse("sbx_bbbbbbbb"), owner: {} });
    expect(other.open("child", { ...labels, "dev.sbx.sandbox": "sbx_bbbbbbbb" })).toBeUndefined();
    expect(new Seal({ key: new Uint8Array(32).fill(8), sandbox, owner: {} }).open("child", labels)).toBeUndefined();
  });
});
