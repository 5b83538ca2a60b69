import * as fc from "fast-check";
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

test("the workload is never root, and never more than the person", ({ expect }) => {
  const root = { uid: 0, gid: 0 };
  expect(workloadUser(root, root)).toEqual({ uid: 1000, gid: 1000 });
  expect(workloadUser({ uid: 1234, gid: 0 }, root)).toEqual({ uid: 1234, gid: 1000 });
  expect(workloadUser({ uid: 1234, gid: 5 }, root)).toEqual({ uid: 1234, gid: 5 });
  expect(workloadUser({ uid: 1234, gid: 5 }, { uid: 7, gid: 8 })).toEqual({ uid: 7, gid: 8 });
  expect(swapFor(root, { user: { uid: 1000, gid: 1000 }, daemon: root, path: "/x" })).toEqual({ uid: [0, 1000], gid: [0, 1000] });
  expect(swapFor({ uid: 5, gid: 5 }, { user: { uid: 5, gid: 5 }, daemon: root, path: "/x" })).toBeUndefined();
});
