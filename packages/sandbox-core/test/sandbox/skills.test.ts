import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { afterEach, beforeEach, describe, it } from "vitest";
import type { KitSkill } from "../../src/kit/profile-skills.ts";
import { openSkills, settleSkills } from "../../src/sandbox/skills.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "sbx-skills-"));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

const storeOf = (...names: readonly string[]) => ({ read: () => Promise.resolve(names.length === 0 ? undefined : { directory: "/config/skills", names }) });
const aSkill = (changes: Partial<KitSkill> = {}): KitSkill => ({
  name: "lint",
  path: path.join(home, "image/lint"),
  declared: 'Kit "k": agent-skill@1 (capabilities[0])',
  required: true,
  places: [{ kit: "k", path: "capabilities[0]" }],
  ...changes,
});
const request = (skills?: "off" | "readonly" | "readwrite", ready = false) => ({ ready, request: skills === undefined ? {} : { skills } });
const run = (script: string): string => execFileSync("/bin/sh", ["-c", `set -e\numask 077\n${script}`], { encoding: "utf8" });
const place = (name = "skills", writable = false) => ({ path: path.join(home, ".agent's", name), writable });

describe("skills of a sandbox", () => {
  it.for([
    [undefined, false, ["readonly"]],
    ["readonly", true, ["readonly"]],
    ["readwrite", false, ["readonly"]],
    ["readwrite", true, ["readwrite"]],
    ["off", true, []],
  ] as const)("are as writable as both the person and the Kit say: %s, %s", async ([mode, writable, kinds], { expect }) => {
    const { mounts } = await openSkills(storeOf("a"), request(mode), { places: [place("skills", writable)], own: [] });
    expect(mounts).toEqual(kinds.map((kind) => ({ kind: "bind", source: "/config/skills", target: `/.sbx/skills/${kind}`, readonly: kind === "readonly" })));
  });

  it("are none of a sandbox whose agent has no place for them, and its store is not looked at", async ({ expect }) => {
    const never = { read: () => Promise.reject(new Error("looked")) };
    expect(await openSkills(never, request("readwrite"), { places: [], own: [] })).toEqual({ mounts: [], script: "", own: [], skipped: [] });
  });

  it("are one link where nothing else is, which goes when the store does, and comes again", async ({ expect }) => {
    const places = [place("skills"), place("more", true)];
    const shown = await openSkills(storeOf("a"), request("readwrite"), { places, own: [] });
    expect([run(shown.script), run(shown.script)]).toEqual(["", ""]);
    expect(places.map((one) => readlinkSync(one.path))).toEqual(["/.sbx/skills/readonly", "/.sbx/skills/readwrite"]);
    run((await openSkills(storeOf("a"), request("readonly"), { places, own: [] })).script);
    expect(readlinkSync(place("more").path)).toBe("/.sbx/skills/readonly");
    run((await openSkills(storeOf(), request(), { places, own: [] })).script);
    expect(readdirSync(path.join(home, ".agent's"))).toEqual([]);
  });

  it("come beside what is there already, and cover nothing of it", async ({ expect }) => {
    const { path: there } = place();
    mkdirSync(path.join(there, "mine"), { recursive: true });
    writeFileSync(path.join(there, "mine/SKILL.md"), "mine");
    symlinkSync("/elsewhere", path.join(there, "led"));
    const { script } = await openSkills(storeOf("mine", "led", "theirs"), request(), { places: [place()], own: [] });
    expect([run(script), run(script)]).toEqual(["", ""]);
    expect(lstatSync(path.join(there, "mine")).isDirectory()).toBe(true);
    expect(readlinkSync(path.join(there, "led"))).toBe("/elsewhere");
    expect(readlinkSync(path.join(there, "theirs"))).toBe("/.sbx/skills/readonly/theirs");
    run((await openSkills(storeOf(), request(), { places: [place()], own: [] })).script);
    expect(readdirSync(there).toSorted()).toEqual(["led", "mine"]);
  });

  it("are those of Kits at every place, also without a store, with the person's beside them", async ({ expect }) => {
    mkdirSync(path.join(home, "image/lint"), { recursive: true });
    const places = [place("one"), place("two")];
    const own = [aSkill()];
    run((await openSkills(storeOf(), request("off"), { places, own })).script);
    expect(places.map((one) => readdirSync(one.path))).toEqual([["lint"], ["lint"]]);
    const both = await openSkills(storeOf("a"), request(undefined, true), { places, own });
    expect(run(both.script)).toBe("");
    expect(readdirSync(place("two").path)).toEqual(["a", "lint"]);
    expect(readlinkSync(path.join(place("two").path, "lint"))).toBe(path.join(home, "image/lint"));
  });

  it("make no sandbox where one that is required is not there, or has the name of another", async ({ expect }) => {
    const { path: there } = place();
    const refused = async (act: () => unknown): Promise<void> => {
      const problem: unknown = await Promise.resolve()
        .then(act)
        .catch((error: unknown) => error);
      expect(AppError.is(problem) ? [problem.code, problem.message.includes("capabilities[0]")] : problem).toEqual(["KIT_UNSUPPORTED", true]);
    };
    await refused(() => openSkills(storeOf("lint"), request(), { places: [place()], own: [aSkill()] }));
    const missing = await openSkills(storeOf(), request(), { places: [place()], own: [aSkill()] });
    await refused(() => settleSkills(missing, run(missing.script)));
    mkdirSync(path.join(home, "image/lint"), { recursive: true });
    mkdirSync(path.join(there, "lint"), { recursive: true });
    await refused(() => settleSkills(missing, run(missing.script)));
    expect(readdirSync(path.join(there, "lint"))).toEqual([]);

    const optional = await openSkills(storeOf("lint"), request(), { places: [place()], own: [aSkill({ required: false })] });
    expect([optional.own, optional.skipped]).toEqual([[], [expect.objectContaining({ text: expect.stringContaining("among your own") })]]);
    const taken = await openSkills(storeOf(), request(), { places: [place()], own: [aSkill({ required: false })] });
    expect(settleSkills(taken, run(taken.script))).toEqual([{ text: expect.stringContaining("in the image"), places: [{ kit: "k", path: "capabilities[0]" }] }]);
  });

  it("run nothing of what a name says", async ({ expect }) => {
    const name = "$(touch ran); `touch ran`'\"";
    const { script } = await openSkills(storeOf(name), request(undefined, true), {
      places: [{ path: path.join(home, `p ${name}`), writable: false }],
      own: [aSkill({ name, path: path.join(home, name) })],
    });
    execFileSync("/bin/sh", ["-c", script], { cwd: home });
    expect(existsSync(path.join(home, "ran"))).toBe(false);
    expect(readdirSync(path.join(home, `p ${name}`))).toEqual([name]);
  });
});
