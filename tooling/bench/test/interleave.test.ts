import { describe, it } from "vitest";
import { interleave, type Subject } from "../src/interleave.ts";
import { measureLine } from "../src/line.ts";

function subjects(log: string[]): readonly Subject[] {
  return ["a", "b", "c"].map((name) => ({
    name,
    once: () => {
      log.push(name);
      return Promise.resolve(log.length);
    },
  }));
}

describe("interleaved rounds", () => {
  it("measures each subject once in each round, each round beginning with another, after one that does not count", async ({ expect }) => {
    const log: string[] = [];
    const samples = await interleave(subjects(log), { rounds: 3, budgetMs: 1000, now: () => 0 });
    expect(log.join("")).toBe("abcabcbcacab");
    expect(samples).toEqual([
      [4, 9, 11],
      [5, 7, 12],
      [6, 8, 10],
    ]);
  });

  it("begins no round after its time, but measures one in any case, and all subjects equally often", async ({ expect }) => {
    let clock = 0;
    const now = (): number => (clock += 100);
    expect((await interleave(subjects([]), { rounds: 50, budgetMs: 250, now })).map(({ length }) => length)).toEqual([3, 3, 3]);
    expect((await interleave(subjects([]), { rounds: 50, budgetMs: 0, now })).map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  it("keeps a reference that is not there in its place, with its reason", async ({ expect }) => {
    const [ours, other] = subjects([]);
    if (ours === undefined || other === undefined) throw new Error("there are three");
    const line = await measureLine({ title: "t", unit: "ms", better: "less", ours, references: [{ name: "squid", missing: "it is not installed" }, other] }, { rounds: 1, budgetMs: 0, now: () => 0 });
    expect(line.references).toEqual([
      { name: "squid", missing: "it is not installed" },
      { name: "b", samples: [4] },
    ]);
  });
});
