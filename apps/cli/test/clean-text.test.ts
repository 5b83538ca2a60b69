import fc from "fast-check";
import { describe, it } from "vitest";
import { parse } from "yaml";
import { cleanLines, cleanText, escapeHidden } from "../src/clean-text.ts";
import { yamlOf } from "../src/mcp/present.ts";

describe("text of others", () => {
  it("keeps what people write", ({ expect }) => {
    expect(cleanText("ünïcode – 日本語 🙂 a/b.c")).toBe("ünïcode – 日本語 🙂 a/b.c");
  });

  it.for([
    ["\u001B[31mred\u001B[0m", "red"],
    ["\u001B]0;title\u0007x", "x"],
    ["\u001B]8;;http://x\u001B\\link\u001B]8;;\u001B\\", "link"],
    ["\u001BPdevice\u001B\\x", "x"],
    ["a\u009B2Jb", "ab"],
    ["a\rb\nc\td", "a b c d"],
    ["file\u202Etxt.exe", "filetxt.exe"],
    ["a\u0000\u0008b\u007F", "ab"],
    ["a\u{E0041}\u{E007F}\u{E0101}\u180Eb", "ab"],
    ["half \u001B[3", "half "],
    ["half \u001B]0;never closed", "half "],
  ])("makes %j harmless", ([text, want], { expect }) => {
    expect(cleanText(text ?? "")).toBe(want);
  });

  it("never lets a control character through, whatever comes", ({ expect }) => {
    const nasty = fc.string({
      unit: fc.oneof(fc.constantFrom("\u001B", "[", "]", "\u0007", "\\", "\u009B", "\r", "\n", ";", "m", "\u202E", "P"), fc.string({ unit: "binary", minLength: 1, maxLength: 1 })),
    });
    fc.assert(
      fc.property(nasty, (text) => {
        // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(cleanText(text)).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/);
        // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(cleanLines(text)).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a document of others", () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom("\u001B", "\u007F", "\u009B", "\u202E", "\u2028", "\u200B", "\uFEFF", "\n", '"', "\\", ":", " "), fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 })),
    maxLength: 12,
  });
  const value = fc.dictionary(text, fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.integer()), { maxKeys: 4 });
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const driving = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/;

  it("drives no terminal as JSON and says the same", ({ expect }) => {
    fc.assert(
      fc.property(value, (document) => {
        const json = escapeHidden(JSON.stringify(document, null, 2));
        expect(json).not.toMatch(driving);
        expect(JSON.stringify(JSON.parse(json))).toBe(JSON.stringify(document));
      }),
    );
  });

  it("drives no terminal as YAML and says the same", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(value, async (document) => {
        const yaml = await yamlOf(document);
        expect(yaml).not.toMatch(driving);
        expect(JSON.stringify(parse(yaml))).toBe(JSON.stringify(document));
      }),
      { examples: [[{ '\t"': [".\t\\"] }], [{ "": " \n" }], [{ "": "a \n b\n" }]] },
    );
  });
});
