import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "vitest";
import { writeKit } from "../../src/client/write-kit.ts";

const aRoot = (): string => path.join(mkdtempSync(path.join(tmpdir(), "sbx-kits-")), "kits");

describe("a Kit that is written", () => {
  it("is there whole, for its user alone, and once however many write it", async ({ expect }) => {
    const root = aRoot();
    const kit = { name: "linter", files: { "kit.yaml": "a", "kit.dockerfile": "b" } };
    const places = await Promise.all(Array.from({ length: 20 }, () => writeKit(kit, root)));
    expect(new Set(places).size).toBe(1);
    expect(readdirSync(root)).toHaveLength(1);
    const [place = ""] = places;
    expect([path.basename(place), readdirSync(place).toSorted(), readFileSync(path.join(place, "kit.yaml"), "utf8")]).toEqual(["linter", ["kit.dockerfile", "kit.yaml"], "a"]);
    expect([statSync(place).mode & 0o777, statSync(path.join(place, "kit.yaml")).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it("of another content has another place", async ({ expect }) => {
    const root = aRoot();
    const first = await writeKit({ name: "a", files: { "kit.yaml": "1" } }, root);
    expect(await writeKit({ name: "a", files: { "kit.yaml": "2" } }, root)).not.toBe(first);
    expect(await writeKit({ name: "b", files: { "kit.yaml": "1" } }, root)).not.toBe(first);
  });
});
