import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { JsonRefused, parseJson } from "@sbx/contracts";
import fc from "fast-check";
import { test as base } from "vitest";
import { ByteBudget } from "../../src/byte-budget.ts";
import type { Json } from "../../src/jsonrpc/json.ts";
import { JsonReader } from "../../src/large/json-reader.ts";
import { jsonPieces, wholeJson } from "../../src/large/json-pieces.ts";
import { LargeText } from "../../src/large/large-text.ts";
import { Spool } from "../../src/large/spool.ts";

const MIB = 1 << 20;
const test = base.extend<{ directory: string; spool: Spool }>({
  directory: async ({}, use) => {
    const directory = await mkdtemp(path.join(tmpdir(), "sbx-large-"));
    await use(directory);
    await rm(directory, { recursive: true });
  },
  spool: async ({ directory }, use) => {
    await using spool = new Spool(directory, new ByteBudget(512 * MIB));
    await use(spool);
  },
});

const hold = (bytes: number): void => {
  if (bytes > MIB) throw new JsonRefused("too much");
};

/** Read bytes cut at these places. */
function read(spool: Spool, bytes: Uint8Array, cuts: readonly number[] = []): Json {
  const reader = new JsonReader(spool, { depth: 100, hold });
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).toSorted((one, other) => one - other), bytes.length];
  for (const [at, place] of places.slice(1).entries()) reader.push(bytes.subarray(places[at], place));
  return reader.end();
}

const outcome = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    if (error instanceof JsonRefused) return "refused";
    throw error;
  }
};

/** As other readers, but for numbers that no number of theirs is. */
const parse = (text: string): Json => {
  const value = parseJson(text);
  JSON.stringify(value, (_name, item: unknown) => {
    if (typeof item === "number" && !Number.isFinite(item)) throw new JsonRefused("no number");
    return item;
  });
  return value;
};

const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8");
const written = async (value: Json): Promise<string> => {
  let text = "";
  for await (const piece of jsonPieces(value)) text += piece;
  return text;
};

test("reads what any reader of JSON reads, wherever its bytes are parted", async ({ expect, spool }) => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false, depthSize: "large" }), fc.array(fc.nat()), (text, cuts) => {
      expect(outcome(() => read(spool, utf8(text), cuts))).toEqual(outcome(() => parse(text)));
    }),
  );
});

test("refuses what any reader refuses: documents with a character changed, cut off or put in", ({ expect, spool }) => {
  const change = fc.tuple(fc.nat(), fc.constantFrom("", '"', "\\", "{", "}", "[", "]", ",", ":", "0", "-", "e", ".", " ", "\n", "t", "\u0000", "é"), fc.boolean());
  fc.assert(
    fc.property(fc.json(), change, fc.array(fc.nat()), (text, [at, put, replaces], cuts) => {
      const place = at % (text.length + 1);
      const broken = text.slice(0, place) + put + text.slice(replaces ? place + 1 : place);
      // A text that is cut within a character of two is another one as bytes.
      if (!broken.isWellFormed()) return;
      expect(outcome(() => read(spool, utf8(broken), cuts))).toEqual(outcome(() => parse(broken)));
    }),
    { numRuns: 2000 },
  );
});

test("is never broken by bytes, and takes none that are no UTF-8", ({ expect, spool }) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.nat()), (bytes, cuts) => {
      const inText = Buffer.concat([utf8('["'), bytes, utf8('"]')]);
      const strict = (): Json => parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(inText));
      const expected = ((): unknown => {
        try {
          return strict();
        } catch {
          return "refused";
        }
      })();
      expect(outcome(() => read(spool, inText, cuts))).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

for (const [what, document] of Object.entries({
  "a name twice": '{"a":1,"a":2}',
  "a name twice, once escaped": '{"a":1,"\\u0061":2}',
  __proto__: '{"__proto__":{}}',
  "a number without end": `[${"1".repeat(401)}]`,
  "a number that is none": "[1e999]",
  "more depth": `${"[".repeat(101)}${"]".repeat(101)}`,
  "a name without end": `{"${"x".repeat(200_000)}":1}`,
  "a text without end": '["abc',
  "two documents": '{"a":1}{"b":2}',
  "a document after a comma": '{"a":1},',
  nothing: "",
  "a control character": '["\u0001"]',
})) {
  test(`refuses ${what}`, ({ expect, spool }) => {
    expect(outcome(() => read(spool, utf8(document), [1, 2, 3]))).toBe("refused");
  });
}

test("holds no large text, and writes it again as it was", async ({ expect, spool, directory }) => {
  const text = `${'"\\\n\u0007é€😀 \ud800 '.repeat(40_000)}end`;
  const document = JSON.stringify({ id: 1, result: { content: [{ type: "text", text }], small: "x" } });
  const value = read(spool, utf8(document), [100, 70_000, 70_001, 70_002, 300_000]) as { result: { content: { text: unknown }[] } };
  const large = value.result.content[0]?.text;
  expect(large).toBeInstanceOf(LargeText);
  expect(large instanceof LargeText && large.characters).toBe(text.length);
  // Whoever does not know of it shows a note.
  expect(JSON.stringify(value)).toContain(`a text of ${text.length} characters`);
  expect(JSON.parse(await written(value as unknown as Json))).toEqual(JSON.parse(document));
  expect(await wholeJson(value as unknown as Json)).toEqual(JSON.parse(document));
  // It lies in a file without a name.
  expect(await readdir(directory)).toEqual([]);
});

test("puts aside no more than may be, and nothing can be read when it was let go", async ({ expect, directory }) => {
  const budget = new ByteBudget(MIB);
  const spool = new Spool(directory, budget);
  expect(() => read(spool, utf8(JSON.stringify(["x".repeat(2 * MIB)])))).toThrow("more is put aside");
  await spool[Symbol.asyncDispose]();
  expect(budget.take(MIB)).toBe(true);
  budget.give(MIB);
  const other = new Spool(directory, budget);
  const value = read(other, utf8(JSON.stringify(["x".repeat(200_000)])));
  await other[Symbol.asyncDispose]();
  await expect(written(value)).rejects.toThrow("let go");
});
