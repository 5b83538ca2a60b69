import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { takeOverFiles } from "../src/index.ts";
import { aPlace, failure, put, valueOf, type Place } from "./support/place.ts";

const OLD: Readonly<Record<string, string>> = { anthropic: "sk-ant-old-file-value", openai: "sk-proj-old-file-value", "my_own-1": "third" };
const DIE_AT = fileURLToPath(new URL("support/die-at.ts", import.meta.url));
/** Each more takes part in the same steps. */
const TWO: Readonly<Record<string, string>> = { anthropic: "sk-ant-old-file-value", openai: "sk-proj-old-file-value" };

function withFiles(place: Place, files: Readonly<Record<string, string>> = OLD): string {
  const directory = path.join(place.directory, "secrets");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(files)) writeFileSync(path.join(directory, name), value, { mode: 0o600 });
  return directory;
}

describe("secrets that lie in files of their own", () => {
  it("go into the vault once, and their files away", async ({ expect }) => {
    using place = aPlace();
    const directory = withFiles(place, { ...OLD, "openai.new": "half", withnewline: "value\n", empty: "" });
    const vault = place.open();
    expect(await takeOverFiles(vault, directory)).toEqual({ taken: ["anthropic", "empty", "my_own-1", "openai", "withnewline"], left: [] });
    for (const [name, value] of Object.entries({ ...OLD, withnewline: "value" })) expect(await valueOf(vault, name)).toBe(value);
    expect(await valueOf(vault, "openai.new")).toBeUndefined();
    expect(await valueOf(vault, "empty")).toBeUndefined();
    expect(readdirSync(directory)).toEqual(["openai.new"]);
    expect(await takeOverFiles(vault, directory)).toEqual({ taken: [], left: [] });
  });

  it("leave no empty directory, and where there is none nothing happens", async ({ expect }) => {
    using place = aPlace();
    const directory = withFiles(place);
    await takeOverFiles(place.open(), directory);
    expect(existsSync(directory)).toBe(false);
    using fresh = aPlace();
    expect(await takeOverFiles(fresh.open(), path.join(fresh.directory, "secrets"))).toEqual({ taken: [], left: [] });
    expect(existsSync(fresh.file)).toBe(false);
  });

  it("give way to a newer value of the vault, and take the place of an older one", async ({ expect }) => {
    using place = aPlace();
    const directory = withFiles(place);
    utimesSync(path.join(directory, "anthropic"), new Date("2026-01-01T00:00:00Z"), new Date("2026-01-01T00:00:00Z"));
    utimesSync(path.join(directory, "openai"), new Date("2026-03-01T00:00:00Z"), new Date("2026-03-01T00:00:00Z"));
    const vault = place.open();
    await put(vault, "anthropic", "newer", "2026-02-01T00:00:00.000Z");
    await put(vault, "openai", "older", "2026-02-01T00:00:00.000Z");
    await takeOverFiles(vault, directory);
    expect(await valueOf(vault, "anthropic")).toBe("newer");
    expect(await valueOf(vault, "openai")).toBe(OLD["openai"]);
  });

  it("stay where they are while the vault is locked", async ({ expect }) => {
    using place = aPlace();
    await put(place.open(), "x", "y");
    rmSync(place.keyFile);
    const directory = withFiles(place);
    expect((await failure(takeOverFiles(place.open(), directory))).code).toBe("VAULT_LOCKED");
    for (const [name, value] of Object.entries(OLD)) expect(readFileSync(path.join(directory, name), "utf8")).toBe(value);
  });

  it("are named when they cannot be read, and stay", async ({ expect }) => {
    using place = aPlace();
    const directory = withFiles(place);
    mkdirSync(path.join(directory, "folder"));
    expect((await takeOverFiles(place.open(), directory)).left).toEqual(["folder"]);
    expect(readdirSync(directory)).toEqual(["folder"]);
  });

  it("are all there after a kill at any point, and after the next start in the vault alone", { timeout: 120_000 }, async ({ expect }) => {
    let kills = 0;
    for (let at = 0; ; at += 1) {
      using place = aPlace();
      const directory = withFiles(place, TWO);
      const { stdout, signal, stderr } = spawnSync(process.execPath, ["--conditions=@sbx/source", DIE_AT, place.directory, String(at)], {
        encoding: "utf8",
      });
      if (signal === null) {
        expect({ stdout, stderr }).toMatchObject({ stdout: "done" });
        break;
      }
      kills += 1;
      const vault = place.open("file");
      // Nothing is lost at the moment of the crash itself.
      for (const [name, value] of Object.entries(TWO)) {
        const file = path.join(directory, name);
        const [inFile, inVault] = [existsSync(file) ? readFileSync(file, "utf8") : undefined, await valueOf(vault, name)];
        expect([inFile, inVault], `${name} after a kill at ${at}`).toContain(value);
      }
      await takeOverFiles(vault, directory);
      for (const [name, value] of Object.entries(TWO)) expect(await valueOf(vault, name), `${name} after a kill at ${at}`).toBe(value);
      expect(existsSync(directory), `directory after a kill at ${at}`).toBe(false);
    }
    // Fewer would mean that the operations are not counted.
    expect(kills).toBeGreaterThan(15);
  });
});
