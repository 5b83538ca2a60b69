import * as fc from "fast-check";
import { SAME_IDS, type IdView } from "@sbx/core";
import { test } from "vitest";
import { swapMap } from "../src/id-map.ts";
import { swapFor, workloadUser } from "../src/workload-user.ts";

const id = fc.integer({ min: 0, max: 4_294_967_000 });

/** What the kernel makes of a map. */
function mapped(map: string, value: number): number | undefined {
  for (const [first = 0, other = 0, count = 0] of map
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number)))
    if (value >= first && value < first + count) return other + value - first;
  return undefined;
}

test("a swap map exchanges two ids and leaves every other", ({ expect }) => {
  fc.assert(
    fc.property(id, id, id, (first, second, other) => {
      const map = swapMap([first, second]);
      expect(mapped(map, first)).toBe(second);
      expect(mapped(map, second)).toBe(first);
      if (other !== first && other !== second) expect(mapped(map, other)).toBe(other);
    }),
  );
});

const root = { uid: 0, gid: 0 };
const others = new Set<number>();
const same = { ids: SAME_IDS, others };

test("the workload is never root, and never more than the person", ({ expect }) => {
  const inside = (owner: typeof root, daemon: typeof root): unknown => workloadUser(owner, { ...same, daemon }).inside;
  expect(inside(root, root)).toEqual({ uid: 1000, gid: 1000 });
  expect(inside({ uid: 1234, gid: 0 }, root)).toEqual({ uid: 1234, gid: 1000 });
  expect(inside({ uid: 1234, gid: 5 }, root)).toEqual({ uid: 1234, gid: 5 });
  expect(inside({ uid: 1234, gid: 5 }, { uid: 7, gid: 8 })).toEqual({ uid: 7, gid: 8 });
  expect(workloadUser({ uid: 1234, gid: 5 }, { ...same, daemon: root }).outside).toEqual({ uid: 1234, gid: 5 });
  expect(swapFor(root, { user: { uid: 1000, gid: 1000 }, daemon: root, path: "/x" })).toEqual({ uid: [0, 1000], gid: [0, 1000] });
  expect(swapFor({ uid: 5, gid: 5 }, { user: { uid: 5, gid: 5 }, daemon: root, path: "/x" })).toBeUndefined();
});

const lines = (...ranges: readonly (readonly [number, number, number])[]): IdView => {
  const map = ranges.map(([first, other, count]) => ({ inside: first, outside: other, count }));
  return { uid: map, gid: map };
};
const remapped = lines([0, 500_000, 65_536]);

test("the workload is somebody else of its image's where root's daemon can give it that, and never root", ({ expect }) => {
  const as = { uid: 1234, gid: 1235 };
  const owner = { uid: 1000, gid: 1000 };
  expect(workloadUser(owner, { ...same, daemon: root, as })).toEqual({ inside: as, outside: as });
  expect(swapFor(owner, { user: as, daemon: root, path: "/x" })).toEqual({ uid: [1000, 1234], gid: [1000, 1235] });
  expect(workloadUser(owner, { ...same, ids: remapped, daemon: root, as })).toEqual({ inside: as, outside: { uid: 501_234, gid: 501_235 } });
  for (const wrong of [root, { uid: 0, gid: 5 }, { uid: 5, gid: 0 }, { uid: -1, gid: 5 }]) expect(workloadUser(owner, { ...same, daemon: root, as: wrong }).inside).toEqual(owner);
  expect(workloadUser(owner, { ...same, ids: lines([0, 0, 1001]), daemon: root, as }).inside).toEqual(owner);
  expect(workloadUser(owner, { ...same, daemon: owner, as }).inside).toEqual(owner);
});

test("the workload is no other account of this machine, who could enter the sandbox and be the workspace's owner there", ({ expect }) => {
  const as = { uid: 1234, gid: 1235 };
  const owner = { uid: 1000, gid: 1000 };
  const who = (ids: IdView, ...accounts: readonly number[]) => workloadUser(owner, { ids, daemon: root, as, others: new Set(accounts) });
  expect(who(SAME_IDS, 0, 1000, 1234)).toEqual({ inside: owner, outside: owner });
  expect(who(remapped, 0, 1000, 501_234)).toEqual({ inside: { uid: 1000, gid: 1000 }, outside: { uid: 501_000, gid: 501_000 } });
  expect(who(remapped, 0, 1000, 1234).inside).toEqual(as);
  expect(workloadUser({ uid: 1234, gid: 5 }, { ids: SAME_IDS, daemon: root, as, others: new Set([1234]) }).inside).toEqual(as);
});

test("on an engine that remaps, root's daemon swaps the owner for an ordinary user of the engine's", ({ expect }) => {
  const user = workloadUser({ uid: 1234, gid: 1234 }, { ...same, daemon: root, ids: remapped });
  expect(user).toEqual({ inside: { uid: 1000, gid: 1000 }, outside: { uid: 501_000, gid: 501_000 } });
  expect(swapFor({ uid: 1234, gid: 1234 }, { user: user.outside, daemon: root, path: "/x" })).toEqual({ uid: [1234, 501_000], gid: [1234, 501_000] });
  expect(workloadUser({ uid: 500_007, gid: 500_008 }, { ...same, daemon: root, ids: remapped })).toEqual({ inside: { uid: 7, gid: 8 }, outside: { uid: 500_007, gid: 500_008 } });
});

test("an engine whose ids have no place for an ordinary caller is refused, with what to do", ({ expect }) => {
  const daemon = { uid: 1000, gid: 1000 };
  const refused = expect.objectContaining({ code: "PLATFORM_UNSUPPORTED", fix: expect.stringContaining("DOCKER_HOST") as unknown });
  for (const ids of [remapped, lines([0, 1000, 1], [1, 100_000, 65_536]), lines([0, 0, 1])]) {
    expect(() => workloadUser(daemon, { daemon, ids, others })).toThrow(refused);
  }
  expect(workloadUser(daemon, { ...same, daemon, ids: lines([0, 100_000, 1000], [1000, 1000, 1]) })).toEqual({ inside: daemon, outside: daemon });
});

test("root on the host is nobody inside, whatever the engine's ids are", ({ expect }) => {
  const range = fc.record({ inside: fc.nat(2000), outside: fc.nat(2000), count: fc.integer({ min: 1, max: 2000 }) });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 4 }), fc.nat(3000), fc.nat(3000), (map, uid, daemon) => {
      const ids = { uid: map, gid: map };
      let user;
      try {
        user = workloadUser({ uid, gid: uid }, { daemon: { uid: daemon, gid: daemon }, ids, others });
      } catch {
        return;
      }
      expect(Math.min(user.inside.uid, user.inside.gid, user.outside.uid, user.outside.gid)).toBeGreaterThan(0);
      if (daemon !== 0) expect(user.outside.uid).toBe(daemon);
    }),
  );
});
