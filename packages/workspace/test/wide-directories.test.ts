import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, it } from "vitest";
import { openAbsolute, type OpenPlace } from "../src/open-place.ts";
import { planBase } from "../src/plan-base.ts";
import { SCAN_LIMITS, scanTree, type TreeScan } from "../src/scan-tree.ts";
import { walkFiles } from "../src/walk-files.ts";

/** What a search finds that was ended at once. */
const NOTHING: TreeScan = { gitDirectories: [], gitFiles: [], gitLinks: [], channels: [], credentials: [], unnameable: 0, truncated: true };

let root: string;

beforeEach(async () => {
  root = await mkdtemp(`${await realpath(tmpdir())}/sbx-wide-`);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Names that stand before every other one, more than the limits below let through. */
async function crowd(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  for (let number = 0; number < 60; number += 1) await writeFile(`${path}/!${number}`, "");
}

async function repository(path: string): Promise<void> {
  for (const part of ["objects", "refs", "hooks"]) await mkdir(`${path}/.git/${part}`, { recursive: true });
  for (const file of ["HEAD", "config"]) await writeFile(`${path}/.git/${file}`, "");
}

function protectedIn(scan: TreeScan, known: readonly string[] = []): readonly string[] {
  using place = opened();
  const { mounts } = planBase({ base: { path: root, place, readonly: false, swap: undefined }, scan, known, further: [], opened: () => false, hide: [], nestedLeft: 16 });
  return mounts.filter(({ purpose }) => purpose === "protected").map(({ path }) => path);
}

function opened(): OpenPlace {
  const place = openAbsolute(root);
  if (typeof place === "string") throw new Error(place);
  return place;
}

describe("a workspace with more names than are looked at", () => {
  it("has its repositories found before its other files, and says that it was cut", async ({ expect }) => {
    await crowd(root);
    await repository(root);
    await crowd(`${root}/.sub`);
    await repository(`${root}/.sub`);
    const { gitDirectories, truncated } = await scanTree(root, { ...SCAN_LIMITS, names: 20 });
    expect(truncated).toBe(true);
    expect(gitDirectories).toEqual([".git", ".sub/.git"]);
  });

  it("has git's settings and those of editors among what a report compares", async ({ expect }) => {
    await crowd(root);
    await repository(root);
    await mkdir(`${root}/.vscode`);
    await writeFile(`${root}/.vscode/tasks.json`, "{}");
    const { files, truncated } = await walkFiles(root, { names: 20, entries: 1000, milliseconds: 60_000 });
    expect(truncated).toBe(true);
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining([".git/config", ".git/hooks", ".vscode/tasks.json"]));
  });

  it("has its own git directory protected although the search found nothing", async ({ expect }) => {
    await repository(root);
    expect(protectedIn(NOTHING)).toEqual(expect.arrayContaining([".git/config", ".git/hooks"]));
  });

  it("has the .git file of a worktree protected although the search found nothing", async ({ expect }) => {
    await writeFile(`${root}/.git`, "gitdir: elsewhere\n");
    expect(protectedIn(NOTHING)).toContain(".git");
  });

  it("keeps protected what was protected before, although the search found nothing", async ({ expect }) => {
    await repository(`${root}/sub`);
    expect(protectedIn(NOTHING, ["sub/.git", "gone/.git"])).toEqual(expect.arrayContaining(["sub/.git/config", "sub/.git/hooks"]));
    expect(protectedIn(NOTHING)).not.toContain("sub/.git/config");
  });
});
