import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, test as base } from "vitest";
import { isOlder, versionOfProgram, versionThatRuns } from "../../src/client/daemon-version.ts";

const test = base.extend<{ directory: string }>({
  directory: async ({}, use) => {
    const directory = mkdtempSync(path.join(tmpdir(), "sbx-version-"));
    await use(directory);
    rmSync(directory, { recursive: true });
  },
});

describe("the version of the daemon that runs", () => {
  const pathsOf = (stateDirectory: string) => ({ stateDirectory, socket: "", log: "" });

  test("stands in the lock", async ({ expect, directory }) => {
    writeFileSync(path.join(directory, "sbxd.lock"), '{"pid":1,"started":"1","version":"1.2.3"}');
    expect(await versionThatRuns(pathsOf(directory))).toBe("1.2.3");
  });

  test("comes before all others where the daemon did not write it down", async ({ expect, directory }) => {
    writeFileSync(path.join(directory, "sbxd.lock"), '{"pid":1,"started":"1"}');
    const version = await versionThatRuns(pathsOf(directory));
    expect(version !== undefined && isOlder(version, "0.0.1")).toBe(true);
  });

  test.for(["", "{half", "7", "null"])("is not known from a lock that says %j", async (text, { expect, directory }) => {
    writeFileSync(path.join(directory, "sbxd.lock"), text);
    expect(await versionThatRuns(pathsOf(directory))).toBeUndefined();
  });
});

describe("the version of a daemon's program", () => {
  test("is that of its package, and of no other", async ({ expect, directory }) => {
    mkdirSync(path.join(directory, "bin"));
    const program = path.join(directory, "bin", "sbxd.mjs");
    expect(await versionOfProgram(program)).toBeUndefined();
    writeFileSync(path.join(directory, "package.json"), '{"name":"sbxd","version":"2.0.0"}');
    expect(await versionOfProgram(program)).toBe("2.0.0");
    writeFileSync(path.join(directory, "package.json"), '{"name":"other","version":"2.0.0"}');
    expect(await versionOfProgram(program)).toBeUndefined();
  });
});

describe("of two versions", () => {
  const numbers = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99));
  const text = ([major, minor, patch]: readonly [number, number, number]): string => `${String(major)}.${String(minor)}.${String(patch)}`;

  test("the one with the smaller first different number is older, and never both", ({ expect }) => {
    fc.assert(
      fc.property(numbers, numbers, (one, two) => {
        const [a, b] = [one, two].map(([major, minor, patch]) => (major * 100 + minor) * 100 + patch);
        expect(isOlder(text(one), text(two))).toBe((a ?? 0) < (b ?? 0));
      }),
    );
  });

  test.for([
    ["1.0.0", "unknown"],
    ["unknown", "1.0.0"],
    ["1.0.0-rc.1", "1.0.0"],
  ])("%s is not older than %s, which says too little", ([one, two], { expect }) => {
    expect(isOlder(one ?? "", two ?? "")).toBe(false);
  });
});
