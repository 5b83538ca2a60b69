import { describe, it } from "vitest";
import { KeptReady } from "../../src/pod/kept-ready.ts";

interface Thing {
  readonly number: number;
}

function setup(laterMs = 60_000): { readonly kept: KeptReady<Thing>; readonly made: Thing[]; readonly ended: Thing[] } {
  const made: Thing[] = [];
  const ended: Thing[] = [];
  const begin = (): Thing => {
    const thing = { number: made.length + 1 };
    made.push(thing);
    return thing;
  };
  const end = (thing: Thing): Promise<void> => Promise.resolve(void ended.push(thing));
  return { kept: new KeptReady({ begin, end, laterMs }), made, ended };
}

describe("KeptReady", () => {
  it("makes nothing until somebody is expected, and then one", ({ expect }) => {
    const { kept, made } = setup();
    expect(kept.take()).toBeUndefined();
    kept.expect();
    kept.expect();
    expect(made).toHaveLength(1);
  });

  it("gives each away once", ({ expect }) => {
    const { kept, made, ended } = setup();
    kept.expect();
    expect(kept.take()).toBe(made[0]);
    expect(kept.take()).toBeUndefined();
    kept.expect();
    expect(kept.take()).toBe(made[1]);
    expect(ended).toEqual([]);
  });

  it("makes the next one later, and not before", async ({ expect }) => {
    const waiting = setup();
    waiting.kept.expectLater();
    waiting.kept.expect();
    expect(waiting.made).toEqual([]);
    const soon = setup(0);
    soon.kept.expectLater();
    await expect.poll(() => soon.made.length).toBe(1);
    await soon.kept[Symbol.asyncDispose]();
    await waiting.kept[Symbol.asyncDispose]();
  });

  it("keeps one that was not used, and ends it where there is another already", async ({ expect }) => {
    const { kept, made, ended } = setup();
    kept.expect();
    const first = kept.take();
    if (first === undefined) throw new Error("there is none");
    await kept.putBack(first);
    expect(kept.take()).toBe(first);
    kept.expect();
    await kept.putBack(first);
    expect(ended).toEqual([first]);
    expect(kept.take()).toBe(made[1]);
  });

  it("forgets one that could not be made, and no other", ({ expect }) => {
    const { kept, made } = setup();
    kept.expect();
    kept.forget({ number: 1 });
    expect(kept.take()).toBe(made[0]);
    kept.expect();
    if (made[1] !== undefined) kept.forget(made[1]);
    expect(kept.take()).toBeUndefined();
  });

  it("ends the one that nobody has when it rests, and makes another when one is expected again", async ({ expect }) => {
    const { kept, made, ended } = setup();
    kept.expect();
    kept.expectLater();
    await kept.rest();
    expect(ended).toEqual([made[0]]);
    kept.expect();
    expect(kept.take()).toBe(made[1]);
  });

  it("makes none any more once it is disposed of, and ends what is put back", async ({ expect }) => {
    const { kept, made, ended } = setup(0);
    kept.expect();
    const taken = kept.take();
    await kept[Symbol.asyncDispose]();
    kept.expect();
    kept.expectLater();
    if (taken !== undefined) await kept.putBack(taken);
    expect(made).toHaveLength(1);
    expect(ended).toEqual(made);
  });
});
