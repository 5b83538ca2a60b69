import fc from "fast-check";
import { describe, it } from "vitest";
import { DetachFilter, parseDetachKeys } from "../../src/session/detach-keys.ts";

/** What goes through when `text` is typed in pieces, and whether it left. */
function type(keys: string, pieces: readonly string[]): { readonly through: string; readonly left: boolean } {
  const filter = new DetachFilter(parseDetachKeys(keys));
  let through = "";
  for (const piece of pieces) {
    const { forward, detach } = filter.push(Buffer.from(piece, "latin1"));
    through += Buffer.from(forward).toString("latin1");
    if (detach) return { through, left: true };
  }
  return { through, left: false };
}

describe("the detach keys", () => {
  it("are found across chunks", ({ expect }) => {
    expect(type("ctrl-p,ctrl-q", ["ab\u0010", "\u0011c"])).toEqual({ through: "ab", left: true });
  });

  it("let a first key through when the second does not follow", ({ expect }) => {
    expect(type("ctrl-p,ctrl-q", ["\u0010", "\u0010", "x"])).toEqual({ through: "\u0010\u0010x", left: false });
    expect(type("ctrl-p,ctrl-q", ["\u0010\u0010\u0011"])).toEqual({ through: "\u0010", left: true });
  });

  it.for(["", "ctrl-", "ctrl-pp", "ab", "ctrl-p,", "ctrl-1"])("refuse %j", (text, { expect }) => {
    expect(() => parseDetachKeys(text)).toThrow();
  });

  it("are found wherever text is cut, and nothing before them is lost or made up", ({ expect }) => {
    const letter = fc.constantFrom("\u0010", "\u0011", "a");
    fc.assert(
      fc.property(fc.array(fc.string({ unit: letter })), (pieces) => {
        const whole = pieces.join("");
        const at = whole.indexOf("\u0010\u0011");
        const { through, left } = type("ctrl-p,ctrl-q", pieces);
        expect(left).toBe(at !== -1);
        expect(left ? through : through.padEnd(whole.length, "\u0010")).toBe(left ? whole.slice(0, at) : whole);
      }),
      { numRuns: 2000 },
    );
  });
});
