import { ContainerPodId } from "@sbx/contracts";
import { describe, test } from "vitest";
import { workspaceBinds } from "../src/workspace-binds.ts";

const CHILD = ContainerPodId.parse("ctr_abcdefgh");
const WORK = "/home/p/work";
const EMPTY = "/state/empty";
const at = (path: string) => (path === "" ? WORK : `${WORK}/${path}`);
/** The workspace by its path, a copy of the daemon's, and places that are mounted over themselves by path or by descriptor. */
const MOUNTS = [
  { source: WORK, target: WORK, readonly: false },
  { source: at("a/etc"), target: at("a/etc"), readonly: false },
  { source: at("sub/.git"), target: at("sub/.git"), readonly: false },
  { source: at("sub/.git/modules"), target: at("sub/.git/modules"), readonly: false },
  { source: "/state/held/1", target: at(".git"), readonly: false },
  { source: "/state/copies/1", target: at(".git/hooks"), readonly: true },
  { source: "/state/copies/2", target: at("sub/.git/hooks"), readonly: true },
  { source: "/state/empty-file", target: at(".env"), readonly: true },
];
const binds = workspaceBinds({
  roots: [
    { root: WORK, mounts: [...MOUNTS, { source: at("lib"), target: at("lib"), readonly: true }] },
    { root: at("lib"), mounts: [{ source: at("lib"), target: at("lib"), readonly: true }] },
  ],
  empty: EMPTY,
  parts: { prepare: () => Promise.resolve([]), release: () => Promise.resolve() },
});

describe("the workspace in a container of the agent's", () => {
  test("names to the engine no place below it that the agent could lead elsewhere by a link", async ({ expect }) => {
    const mounts = await binds.mount(CHILD, [{ source: WORK, target: "/w", readonly: false }]);
    const named = mounts.filter(({ source }) => source.startsWith(`${WORK}/`)).map(({ source }) => source);
    // A directory that its person gave beside is a root of its own.
    expect(named).toEqual([at("lib")]);
    expect(mounts.filter(({ source }) => source === EMPTY)).toEqual(["/w/a/etc", "/w/sub/.git"].map((target) => ({ source: EMPTY, target, readonly: true })));
    expect(mounts.some(({ target }) => target.startsWith("/w/sub/.git/"))).toBe(false);
    expect(mounts).toEqual(
      expect.arrayContaining([
        { source: WORK, target: "/w", readonly: false },
        { source: "/state/held/1", target: "/w/.git", readonly: false },
        { source: "/state/copies/1", target: "/w/.git/hooks", readonly: true },
        { source: "/state/empty-file", target: "/w/.env", readonly: true },
      ]),
    );
  });

  test("is whole where nothing in it can be moved, and still names no such place", async ({ expect }) => {
    const mounts = await binds.mount(CHILD, [{ source: `${WORK}/`, target: "/w", readonly: true }]);
    expect(mounts.filter(({ source }) => source.startsWith(`${WORK}/`)).map(({ source }) => source)).toEqual([at("lib")]);
    expect(mounts.every(({ readonly }) => readonly)).toBe(true);
    expect(mounts.map(({ target }) => target)).toEqual(expect.arrayContaining(["/w", "/w/.git/hooks", "/w/sub/.git/hooks", "/w/.env"]));
    expect(mounts.some(({ source }) => source === EMPTY)).toBe(false);
  });
});
