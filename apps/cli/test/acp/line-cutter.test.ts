import fc from "fast-check";
import { describe, it } from "vitest";
import { LineCutter } from "../../src/acp/line-cutter.ts";

const MOST = 16;

describe("bytes that are cut into lines", () => {
  it("are the same bytes, however they came, but for lines that are too long", ({ expect }) => {
    const line = fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 11 : byte))));
    fc.assert(
      fc.property(fc.array(line), line, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, rest, steps) => {
        const cutter = new LineCutter(MOST);
        const all = Buffer.concat([...lines.flatMap((one) => [one, Buffer.from("\n")]), rest]);
        const cut: Buffer[] = [];
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const step = steps[turn % steps.length] ?? 1;
          cut.push(...cutter.push(all.subarray(at, at + step)).map((one) => Buffer.from(one)));
          at += step;
        }
        const short = lines.filter((one) => one.length < MOST);
        expect(cut.map((one) => one.toString("hex"))).toEqual(short.map((one) => Buffer.concat([one, Buffer.from("\n")]).toString("hex")));
        expect(cutter.leftOut).toBe(lines.length - short.length + (rest.length > MOST ? 1 : 0));
        expect(cutter.rest().toString("hex")).toBe(rest.length > MOST ? "" : rest.toString("hex"));
      }),
    );
  });
});
