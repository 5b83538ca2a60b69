import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";
import { LockStore } from "../src/lock-store.ts";
import type { PackageLock } from "../src/package-lock.ts";

let directory: string;
beforeEach(async () => {
  directory = path.join(await mkdtemp(path.join(tmpdir(), "sbx-locks-")), "locks");
});
afterEach(() => rm(path.dirname(directory), { recursive: true }));

function aLock(changes: Partial<PackageLock> = {}): PackageLock {
  return {
    version: 1,
    kind: "npm",
    package: "@scope/name",
    packageVersion: "1.0.0",
    architecture: "amd64",
    index: "https://index.test/",
    integrity: "sha512-x",
    resolved: "{}",
    tree: "a".repeat(64),
    programs: ["name"],
    main: "name",
    volume: "v1",
    image: "sha256:1",
    installedAt: "2026-01-01T00:00:00.000Z",
    ...changes,
  };
}

describe("locks of packages", () => {
  it("are found by kind, name, exact version and architecture, and by nothing less", async ({ expect }) => {
    const locks = new LockStore(directory);
    await locks.put(aLock());
    expect(await locks.find(aLock())).toEqual(aLock());
    for (const other of [{ kind: "pypi" }, { package: "@scope/name2" }, { package: "-scope-name" }, { packageVersion: "1.0.1" }, { architecture: "arm64" }] as const)
      expect(await locks.find(aLock(other))).toBeUndefined();
  });

  it("lie in the directory alone, for their owner alone, whatever a package is called", async ({ expect }) => {
    const locks = new LockStore(directory);
    for (const name of ["../../evil", "/etc/passwd", "a".repeat(300), "..", "x\0y"]) await locks.put(aLock({ package: name }));
    const names = await readdir(directory);
    expect(names).toHaveLength(5);
    for (const name of names) expect((await stat(path.join(directory, name))).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(directory))).toEqual(["locks"]);
  });

  it("that are broken, or about another package, are told and not gone round", async ({ expect }) => {
    const locks = new LockStore(directory);
    await locks.put(aLock());
    const [name = ""] = await readdir(directory);
    for (const text of ["", "{", "{}", JSON.stringify({ ...aLock(), extra: 1 }), JSON.stringify(aLock({ package: "other" })), JSON.stringify({ ...aLock(), tree: "short" })]) {
      await writeFile(path.join(directory, name), text);
      await expect(locks.find(aLock())).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    }
    await writeFile(path.join(directory, name), "{");
    expect(await locks.volumes()).toBeUndefined();
  });

  it("name the volumes that are in use", async ({ expect }) => {
    const locks = new LockStore(directory);
    expect(await locks.volumes()).toEqual(new Set());
    await locks.put(aLock());
    await locks.put(aLock({ package: "b", volume: "v2" }));
    expect(await locks.volumes()).toEqual(new Set(["v1", "v2"]));
  });
});
