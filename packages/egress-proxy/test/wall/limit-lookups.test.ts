import { ContainerPodId } from "@sbx/contracts";
import { describe, it } from "vitest";
import { limitLookups } from "../../src/wall/limit-lookups.ts";
import { readAll, startPod, startUpstream } from "./pod.ts";

const OWN = ContainerPodId.parse("ctr_test0001");
const OTHER = ContainerPodId.parse("ctr_test0002");

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

  it("keep no other pod's connections from being made, but those of the same sandbox", async ({ expect }) => {
    const looked: string[] = [];
    await using upstream = await startUpstream((socket) => socket.end("hello"));
    await using pod = startPod({
      rules: ["**", "127.0.0.1"],
      listeners: { 22: upstream.port },
      scopeOf: (id) => (id === OTHER ? "--sandbox other" : "--sandbox one"),
      resolve: (name) => {
        looked.push(name);
        return name === "quick.test" ? Promise.resolve(["127.0.0.1"]) : new Promise(() => {});
      },
    });
    const slow = await Promise.all([pod.dial("a.slow.test", 22), pod.dial("b.slow.test", 22, OWN)]);
    while (looked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const own = await pod.dial("quick.test", 22);
    expect((await readAll(await pod.dial("quick.test", 22, OTHER))).text).toBe("hello");
    expect(looked).toEqual(["a.slow.test", "b.slow.test", "quick.test"]);
    expect(upstream.connections).toHaveLength(1);
    for (const socket of [...slow, own]) socket.destroy();
  });
});
