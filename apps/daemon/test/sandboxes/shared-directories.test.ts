import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";
import { createSharedDirectories } from "../../src/sandboxes/shared-directories.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "sbx-shared-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const wanted = { kit: "/kits/a", path: "/data", mode: 0o1750, owner };

describe("directories that Kits share", () => {
  it("are one for each Kit and path, kept as they are, whoever opens them at once", async ({ expect }) => {
    const shares = createSharedDirectories(root);
    const [first, second] = await Promise.all([shares.open(wanted), shares.open(wanted)]);
    expect(second).toEqual(first);
    expect(statSync(first.directory).mode & 0o7777).toBe(0o1750);
    writeFileSync(path.join(first.directory, "note"), "kept");
    const again = await createSharedDirectories(root).open({ ...wanted, mode: 0o700 });
    expect([readFileSync(path.join(again.directory, "note"), "utf8"), statSync(again.directory).mode & 0o7777]).toEqual(["kept", 0o1750]);
    const others = await Promise.all([shares.open({ ...wanted, kit: "/kits/b" }), shares.open({ ...wanted, path: "/data/x" }), shares.open({ ...wanted, kit: '/kits/a","/data', path: "/" })]);
    expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(4);
    expect(await shares.list()).toHaveLength(4);
    expect(await shares.list()).toContainEqual({ id: first.id, kit: "/kits/a", path: "/data", directory: first.directory });
  });

  it("go with what is in them, but not while they are used, and nothing else goes", async ({ expect }) => {
    const shares = createSharedDirectories(root);
    const { id, directory } = await shares.open(wanted);
    const outside = path.join(root, "outside");
    writeFileSync(outside, "stays");
    symlinkSync(root, path.join(directory, "led"));
    expect(await shares.remove(id, () => true)).toBe("used");
    expect(existsSync(path.join(directory, "led"))).toBe(true);
    for (const name of ["", ".", "..", "../outside", `${id}/..`, "0000000000000000"]) expect(await shares.remove(name, () => false), name).toBe("unknown");
    expect(await shares.remove(id, () => false)).toBe("removed");
    expect([await shares.list(), existsSync(directory), readFileSync(outside, "utf8")]).toEqual([[], false, "stays"]);
  });
});
