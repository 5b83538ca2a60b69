import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { ownLimits, podmanDialect } from "../src/dialect.ts";

describe("Podman's dialect", () => {
  it("keeps each profile in a file of its own that others cannot read, and follows no link to write it", async ({ expect, onTestFinished }) => {
    const root = mkdtempSync(join(tmpdir(), "sbx-dialect-"));
    onTestFinished(() => {
      rmSync(root, { recursive: true });
    });
    const directory = join(root, "engine");
    const { seccomp } = await podmanDialect(directory);
    const path = await seccomp({ a: 1 });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ a: 1 });
    expect([statSync(directory).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(await seccomp({ a: 2 })).not.toBe(path);
    writeFileSync(join(root, "other"), "other");
    rmSync(path);
    symlinkSync(join(root, "other"), path);
    expect(await seccomp({ a: 1 })).toBe(path);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ a: 1 });
    expect(readFileSync(join(root, "other"), "utf8")).toBe("other");
    expect(readdirSync(directory)).toHaveLength(2);
  });

  it("makes no container with a profile that it could not hand over", async ({ expect }) => {
    await expect((await podmanDialect(undefined)).seccomp({})).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });

  it("states the limits of this process, as the kernel's table has them", ({ expect }) => {
    const table =
      "Limit                     Soft Limit           Hard Limit           Units     \nMax processes             96365                96365                processes \nMax open files            1024                 unlimited            files     \n";
    expect(ownLimits(table, 4_194_304)).toEqual([
      { Name: "nproc", Soft: 96_365, Hard: 96_365 },
      { Name: "nofile", Soft: -1, Hard: -1 },
    ]);
    expect(ownLimits(table, 32_768)[0]).toEqual({ Name: "nproc", Soft: 32_768, Hard: 32_768 });
    expect(ownLimits(readFileSync("/proc/self/limits", "utf8"), 1).map(({ Name }) => Name)).toEqual(["nproc", "nofile"]);
  });

  it("takes no limit from text of another form", ({ expect }) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(ownLimits(text, 1)).toEqual([]);
      }),
    );
  });
});
