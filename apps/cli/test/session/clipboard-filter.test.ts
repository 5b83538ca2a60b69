// oxlint-disable no-control-regex -- control characters are what is looked for
import fc from "fast-check";
import { describe, it } from "vitest";
import { ClipboardFilter } from "../../src/session/clipboard-filter.ts";

const latin = (text: string): Buffer => Buffer.from(text, "latin1");
const through = (chunks: readonly Uint8Array[], options = {}): string => {
  const filter = new ClipboardFilter(options);
  return Buffer.concat(chunks.map((chunk) => filter.push(chunk))).toString("latin1");
};

/**
 * The commands that a lenient terminal would carry out, as `number;text`: control characters and signs in numbers are passed over,
 * numbers wrap. What is in strings is read again, joined, as by a terminal around one that passes them on.
 */
function commandsIn(bytes: string): readonly string[] {
  const inside = [...bytes.matchAll(/\u001B[PX^_](?:tmux;)?((?:[^\u001B]|\u001B(?!\\))*)(?:\u001B\\|$)/g)].map(([, text = ""]) => text).join("");
  return [bytes, inside, inside.replaceAll("\u001B\u001B", "\u001B")].flatMap((text) =>
    [...text.matchAll(/(?:\u001B[\u0000-\u0006\u0008-\u0017\u0019\u001C-\u001F\u007F]*\]|\u00C2\u009D)([^\u0007\u001B\u0018\u001A]*)/g)].flatMap(([, command = ""]) => {
      const [, number = "", rest = ""] = /^([^;]*)(?:;([^]*))?$/.exec(command) ?? [];
      const digits = number.replaceAll(/[\u0000-\u001F\u007F+ -]/g, "");
      return /^\d*$/.test(digits) ? [`${Number(digits) % 2 ** 32};${rest}`] : [];
    }),
  );
}
const isClipboard = (command: string): boolean => /^(?:52|5522|1337);/.test(command);

describe("the clipboard of the person's terminal", () => {
  it.for([
    ["a write", "\u001B]52;c;aGk=\u0007"],
    ["a write that ends otherwise", "\u001B]52;c;aGk=\u001B\\"],
    ["a read", "\u001B]52;c;?\u0007"],
    ["a write without a name", "\u001B]52;;aGk=\u0007"],
    ["a number with zeros", "\u001B]00052;c;aGk=\u0007"],
    ["a number that wraps", "\u001B]4294967348;c;aGk=\u0007"],
    ["a number with a sign", "\u001B]+52;c;aGk=\u0007"],
    ["control characters between", "\u001B\n]\u00005\u00002\u0001;c;aGk=\u0007"],
    ["two beginnings", "\u001B\u001B]52;c;aGk=\u0007"],
    ["a second one in its tail", "\u001B\u001B]52;c;x\u0007]52;c;aGk=\u0007"],
    ["eight bits", "\u009D52;c;aGk=\u0007"],
    ["eight bits in UTF-8", "\u00C2\u009D52;c;aGk=\u0007"],
    ["the one of kitty", "\u001B]5522;type=read;Lg==\u001B\\"],
    ["the one of iTerm", "\u001B]1337;Copy=:aGk=\u0007"],
    ["through tmux", "\u001BPtmux;\u001B\u001B]52;c;aGk=\u0007\u001B\\"],
    ["through screen", "\u001BP\u001B]52;c;aGk=\u0007\u001B\\"],
    ["through screen in pieces", "\u001BP\u001B]5\u001B\\\u001BP2;c;aGk=\u0007\u001B\\"],
    ["halves around one that is taken out", "\u001B]\u001B]52;;\u000752;c;aGk=\u0007"],
    ["halves around eight bits", "\u001B]\u009D52;c;aGk=\u0007"],
    ["halves around eight bits in UTF-8", "\u001B\u00C2\u009D]52;c;aGk=\u0007"],
    ["in a broken sequence", "\u001B[1;\u001B]52;c;aGk=\u0007m"],
    ["after a title that does not end", "\u001B]0;title\u001B]52;c;aGk=\u0007"],
    ["with an end that is none", "\u001B]52;c;aGk=\u001B[31m"],
    ["without an end", "\u001B]52;c;aGk="],
  ] as const)("is not reached by %s, however it is cut", ([, attack], { expect }) => {
    for (let cut = 0; cut <= attack.length; cut += 1) {
      const out = through([latin(`before${attack.slice(0, cut)}`), latin(attack.slice(cut))]);
      expect(commandsIn(out).filter(isClipboard)).toEqual([]);
      expect(out).toMatch(/^before/);
    }
    expect(through([...latin(attack)].map((byte) => Uint8Array.of(byte)))).toBe(through([latin(attack)]));
  });

  it("is not reached by any mixture of these", { timeout: 60_000 }, ({ expect }) => {
    const pieces = [
      "\u001B",
      "]",
      "5",
      "2",
      "0",
      "52",
      ";",
      "c;",
      "?",
      "aGk=",
      "\u0007",
      "\u001B\\",
      "P",
      "tmux;",
      "_",
      "\u0000",
      "\n",
      "\u0018",
      "\u007F",
      "\u00C2",
      "\u009D",
      "\u009C",
      "[",
      "m",
      "x",
      "4294967348",
      "é",
      "\u00E2\u0080\u009D",
    ];
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), { maxLength: 6 }), fc.boolean(), (chunks, allow) => {
        const commands = commandsIn(
          through(
            chunks.map((chunk) => latin(chunk.join(""))),
            { allow },
          ),
        ).filter(isClipboard);
        expect(commands.filter((command) => !allow || !/^52;c;[A-Za-z0-9+/]+={0,2}$/.test(command))).toEqual([]);
      }),
      { numRuns: 20_000 },
    );
  });

  it("is written where the person allows it, in one form, and never read", ({ expect }) => {
    const allowed = (text: string): string => through([latin(text)], { allow: true });
    expect(allowed("a\u001B]52;p;aGk=\u001B\\b\u001B]052;;aGk=\u0007")).toBe("a\u0018\u001B]52;c;aGk=\u0007b\u0018\u001B]52;c;aGk=\u0007");
    for (const other of ["52;c;?", "52;c;!", "52;c;", "52;c;a\u0001b", "52;x;aGk=", "5522;type=write", "1337;Copy=:aGk=", `52;c;${"a".repeat((1 << 20) + 1)}`])
      expect(allowed(`\u001B]${other}\u0007`)).toBe("\u0018");
  });

  it("leaves everything else as it is, byte for byte", ({ expect }) => {
    const frames =
      "\u001B[?1049h\u001B[2J\u001B[1;31mé ” 日本 🙂\u001B]0;title\u0007\u001B]8;;https://x.example\u001B\\link\u001B]8;;\u001B\\\u001BPq#0;2;0;0;0~-\u001B\\\u001B_Gf=100;AAAA\u001B\\\u001B(B\u001B7\r\n";
    const bytes = Buffer.from(frames);
    for (let cut = 0; cut <= bytes.byteLength; cut += 1) expect(Buffer.from(through([bytes.subarray(0, cut), bytes.subarray(cut)]), "latin1").equals(bytes)).toBe(true);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const plain = text.replaceAll(/[\u0080-\u009F\u001B]/g, "");
        expect(Buffer.from(through([Buffer.from(plain)]), "latin1").toString()).toBe(plain);
      }),
    );
  });

  it("is counted when it was wanted", ({ expect }) => {
    const filter = new ClipboardFilter();
    filter.push(latin("\u001B]52;c;aGk=\u0007\u001B]0;t\u0007\u001B]52;c;?\u001B\\\u001B]52;c;x\u001B[m"));
    expect(filter.refused).toBe(3);
  });
});
