import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { SandboxId } from "@sbx/contracts";
import { afterEach, beforeEach, describe, it } from "vitest";
import { forEachDeadGuard, leaveGuardNote, type GuardNote } from "../../src/docker/guard-notes.ts";

const SOURCE = fileURLToPath(new URL("../../src/docker/guard-notes.ts", import.meta.url));
const ENDPOINT = "unix:///var/run/docker.sock";
let top = "";
beforeEach(() => {
  top = mkdtempSync("/tmp/sbx-notes-");
});
afterEach(() => rmSync(top, { recursive: true }));

const aNote = (name: string): GuardNote => ({ version: 1, sandbox: SandboxId.parse(`sbx_${name}`), endpoint: ENDPOINT, directory: "/tmp/sbx-guard-abc", key: "0".repeat(64) });
async function dead(endpoint = ENDPOINT): Promise<readonly string[]> {
  const found: string[] = [];
  await forEachDeadGuard(top, { endpoint, remove: (note) => Promise.resolve(void found.push(note.sandbox)) });
  return found;
}

/** A process that leaves a note and lives on; resolves when it has. */
async function anotherGuard(note: GuardNote): Promise<{ readonly kill: () => Promise<void> }> {
  const script = `const { leaveGuardNote } = await import(${JSON.stringify(SOURCE)}); leaveGuardNote(${JSON.stringify(top)}, ${JSON.stringify(note)}); console.log("left"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--conditions=@sbx/source", "--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    kill: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("what a guard without a sandbox left", () => {
  it("is nobody's to remove while its process lives, and is removed once when that was killed", async ({ expect }) => {
    const guard = await anotherGuard(aNote("aaaaaaaa"));
    expect(await dead()).toEqual([]);
    await guard.kill();
    expect(await dead("unix:///another/engine")).toEqual([]);
    expect(await dead()).toEqual(["sbx_aaaaaaaa"]);
    expect([await dead(), readdirSync(top)]).toEqual([[], []]);
  });

  it("stays noted when it cannot be removed, for the next time", async ({ expect }) => {
    const guard = await anotherGuard(aNote("bbbbbbbb"));
    await guard.kill();
    await expect(forEachDeadGuard(top, { endpoint: ENDPOINT, remove: () => Promise.reject(new Error("no engine")) })).rejects.toThrow("no engine");
    expect(await dead()).toEqual(["sbx_bbbbbbbb"]);
  });

  it("is nothing after an end in order, and nothing where no guard ever was", async ({ expect }) => {
    leaveGuardNote(top, aNote("cccccccc"))();
    expect([await dead(), readdirSync(top)]).toEqual([[], []]);
    await expect(forEachDeadGuard(`${top}/none`, { endpoint: ENDPOINT, remove: () => Promise.reject(new Error("called")) })).resolves.toBeUndefined();
  });

  it.for([
    ["no note", "{"],
    ["a note of a directory that is no guard's", JSON.stringify({ ...aNote("dddddddd"), directory: "/tmp/sbx-guard-abc/../../home" })],
    ["a note with more in it", JSON.stringify({ ...aNote("dddddddd"), more: 1 })],
  ] as const)("is not what %s says", async ([, text], { expect }) => {
    writeFileSync(path.join(top, "sbx_dddddddd.json"), text);
    expect(await dead()).toEqual([]);
  });

  it("is not what lies behind a link", async ({ expect }) => {
    writeFileSync(`${top}/elsewhere`, JSON.stringify(aNote("eeeeeeee")));
    execFileSync("ln", ["-s", `${top}/elsewhere`, `${top}/sbx_eeeeeeee.json`]);
    expect(await dead()).toEqual([]);
    expect(existsSync(`${top}/elsewhere`)).toBe(true);
  });
});
