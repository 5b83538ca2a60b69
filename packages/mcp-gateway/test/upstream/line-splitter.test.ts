import fc from "fast-check";
import { describe, it } from "vitest";
import { LineSplitter } from "../../src/upstream/line-splitter.ts";

describe("LineSplitter", () => {
  it("gives the same lines however the bytes are cut", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replaceAll(/[\r\n]/g, ""))), fc.array(fc.nat({ max: 20 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const splitter = new LineSplitter(10_000);
        const seen: string[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          for (const line of splitter.push(bytes.subarray(at, at + cut))) seen.push(line.kind === "line" ? line.text : "overlong");
          at += cut;
        }
        expect(seen).toEqual(lines.map((line) => line.trim()).filter((line) => line !== ""));
      }),
    );
  });

  it("keeps the beginning of a line that is too long, tells of it before it ends, and reads the next one", ({ expect }) => {
    const splitter = new LineSplitter(100);
    expect([...splitter.push(Buffer.from("a".repeat(101)))]).toEqual([{ kind: "overlong", head: "a".repeat(101) }]);
    expect([...splitter.push(Buffer.from("b".repeat(1000)))]).toEqual([]);
    expect(splitter.lineBytes).toBe(1101);
    expect([...splitter.push(Buffer.from("\nnext\n"))]).toEqual([{ kind: "line", text: "next" }]);
    expect(splitter.lineBytes).toBe(0);
  });
});
