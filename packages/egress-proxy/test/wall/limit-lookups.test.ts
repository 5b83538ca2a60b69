import { describe, it } from "vitest";
import { limitLookups } from "../../src/wall/limit-lookups.ts";

/** A resolver that answers when it is told to. */
function slowResolver(waitMs = 60_000) {
  const asked = new Map<string, PromiseWithResolvers<readonly string[]>>();
  const resolveFor = limitLookups(async (name) => {
    const answer = Promise.withResolvers<readonly string[]>();
    asked.set(name, answer);
    return await answer.promise;
  }, waitMs);
  return { asked, resolveFor, names: () => [...asked.keys()] };
}

/** Once everything that is ready has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("names of silent servers", () => {
  it("take no more than two look-ups of a sandbox's, and none of another's", async ({ expect }) => {
    const { asked, resolveFor, names } = slowResolver();
    const all = Promise.allSettled(Array.from({ length: 300 }, (_, at) => resolveFor("one")(`${at}.slow`)));
    const other = resolveFor("other")("quick");
    await settled();
    expect(names()).toEqual(["0.slow", "1.slow", "quick"]);
    asked.get("quick")?.resolve(["192.0.2.7"]);
    expect(await other).toEqual(["192.0.2.7"]);
    for (let at = 0; at < 300; at += 2) {
      asked.get(`${at}.slow`)?.resolve([`192.0.2.${at % 256}`]);
      asked.get(`${at + 1}.slow`)?.reject(new Error("silent"));
      await settled();
      expect(asked.size).toBe(Math.min(301, at + 5));
    }
    const results = await all;
    expect(results.map(({ status }) => status)).toEqual(results.map((_, at) => (at % 2 === 0 ? "fulfilled" : "rejected")));
  });

  it("are asked for once by all who want one, and not at all after those who waited for their turn have left", async ({ expect }) => {
    const { asked, resolveFor, names } = slowResolver(1);
    const resolve = resolveFor("one");
    const same = [resolve("one"), resolve("one"), resolveFor("one")("one"), resolve("two")];
    const late = await Promise.allSettled(["three", "four", "three"].map((name) => resolve(name)));
    expect(late.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    asked.get("one")?.resolve(["192.0.2.1"]);
    asked.get("two")?.resolve(["192.0.2.2"]);
    expect(await Promise.all(same)).toEqual([["192.0.2.1"], ["192.0.2.1"], ["192.0.2.1"], ["192.0.2.2"]]);
    expect(names()).toEqual(["one", "two"]);
    const again = [resolve("five"), resolve("six")];
    await settled();
    for (const name of ["five", "six"]) asked.get(name)?.resolve([]);
    expect(await Promise.all(again)).toEqual([[], []]);
  });
});
