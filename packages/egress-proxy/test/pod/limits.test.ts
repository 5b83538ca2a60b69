import { describe, it } from "vitest";
import { ConnectionBudget, connectionsForDescriptors } from "../../src/pod/connection-budget.ts";
import { Episode } from "../../src/pod/episode.ts";
import { RefusedNames } from "../../src/pod/refused-names.ts";
import { TokenBucket } from "../../src/pod/token-bucket.ts";

describe("TokenBucket", () => {
  it("gives its burst at once and then so many a second", ({ expect }) => {
    let now = 0;
    const bucket = new TokenBucket({ perSecond: 10, burst: 3, now: () => now });
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false]);
    now += 100;
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    now += 1_000_000;
    expect(Array.from({ length: 5 }, () => bucket.take()).filter(Boolean)).toHaveLength(3);
  });
});

describe("Episode", () => {
  it("begins once, and again only after quiet", ({ expect }) => {
    let now = 0;
    const episode = new Episode(1000, () => now);
    expect([episode.happens(), episode.happens()]).toEqual([true, false]);
    now += 900;
    expect(episode.happens()).toBe(false);
    now += 1001;
    expect(episode.happens()).toBe(true);
  });
});

describe("ConnectionBudget", () => {
  it("tells who waits when there is room again", ({ expect }) => {
    const budget = new ConnectionBudget(1);
    let told = 0;
    const leave = budget.join(() => void (told += 1));
    budget.take();
    expect([budget.full, told]).toEqual([true, 0]);
    budget.give();
    expect([budget.full, told]).toEqual([false, 1]);
    leave();
    budget.take();
    budget.give();
    expect(told).toBe(1);
  });

  it("leaves descriptors for everything else", ({ expect }) => {
    expect(connectionsForDescriptors()).toBeGreaterThanOrEqual(64);
  });
});

describe("RefusedNames", () => {
  it("gives a name an address and keeps only the newest", ({ expect }) => {
    const names = new RefusedNames();
    const first = names.addressFor("first.test");
    expect([names.addressFor("first.test"), names.nameOf(first)]).toEqual([first, "first.test"]);
    for (let index = 0; index < 5000; index += 1) names.addressFor(`n${index}.test`);
    expect(names.nameOf(first)).toBeUndefined();
    expect(names.addressFor("first.test")).not.toBe(first);
    expect(RefusedNames.includes(first)).toBe(true);
    expect(RefusedNames.includes("198.18.0.1")).toBe(false);
  });
});
