import fc from "fast-check";
import { describe, it } from "vitest";
import { encodeAnswer, encodeMalformed, parseQuery } from "../../src/pod/dns-message.ts";

function question(labels: readonly Buffer[], { type = 1, flags = 0x0100, counts = [1, 0, 0, 0], tail = Buffer.alloc(0) } = {}): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(77, 0);
  header.writeUInt16BE(flags, 2);
  for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index);
  return Buffer.concat([header, ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), label])), Buffer.from([0, 0, type, 0, 1]), tail]);
}
const named = (name: string, options = {}) =>
  question(
    name.split(".").map((label) => Buffer.from(label, "latin1")),
    options,
  );
const EDNS = Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);

describe("parseQuery", () => {
  it("reads a name in lower case and keeps the question as it came", ({ expect }) => {
    const message = named("WWW.Example.com");
    const parsed = parseQuery(message);
    expect(parsed).toMatchObject({ kind: "query", query: { id: 77, name: "www.example.com", type: 1, class: 1, recursionDesired: true, extended: false } });
    if (parsed.kind !== "query") throw new Error("no query");
    expect(encodeAnswer(parsed.query, { address: "198.18.1.2", ttlSeconds: 30 }).includes(message.subarray(12))).toBe(true);
  });

  it("takes an EDNS record and answers with one", ({ expect }) => {
    const parsed = parseQuery(named("a.test", { counts: [1, 0, 0, 1], tail: EDNS }));
    expect(parsed).toMatchObject({ kind: "query", query: { extended: true } });
    if (parsed.kind === "query") expect(encodeAnswer(parsed.query, { code: 0 }).readUInt16BE(10)).toBe(1);
  });

  it.for([
    ["a response", named("a.test", { flags: 0x8100 }), { kind: "noise" }],
    ["less than a header", Buffer.alloc(11), { kind: "noise" }],
    ["another operation", named("a.test", { flags: 0x2800 }), { kind: "malformed", id: 77, code: 4 }],
    ["no question", named("a.test", { counts: [0, 0, 0, 0] }), { kind: "malformed", id: 77, code: 1 }],
    ["two questions", named("a.test", { counts: [2, 0, 0, 0] }), { kind: "malformed", id: 77, code: 1 }],
    ["an answer in a question", named("a.test", { counts: [1, 1, 0, 0] }), { kind: "malformed", id: 77, code: 1 }],
    ["something behind", named("a.test", { tail: Buffer.from("x") }), { kind: "malformed", id: 77, code: 1 }],
    ["an EDNS record that is too long", named("a.test", { counts: [1, 0, 0, 1], tail: Buffer.concat([EDNS, Buffer.from("x")]) }), { kind: "malformed", id: 77, code: 1 }],
    ["compression", Buffer.concat([named("a.test").subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]), { kind: "malformed", id: 77, code: 1 }],
    ["a name of 256 bytes", question([...Array<Buffer>(4).fill(Buffer.alloc(62, "a")), Buffer.from("bc")]), { kind: "malformed", id: 77, code: 1 }],
  ] as const)("refuses %s", ([, message, expected], { expect }) => {
    expect(parseQuery(message)).toEqual(expected);
  });

  it.for(["1.2.3.4", "127.1", "a.0x7f", "2130706433", "a b.test", "a..b", "-a.test", "a-.test", "\u00e9.test", "a/b.test", "a\0.test"])("knows no host name in %j", (name, { expect }) => {
    const parsed = parseQuery(
      question(
        name
          .split(".")
          .map((label) => Buffer.from(label, "latin1"))
          .filter((label) => label.length > 0),
      ),
    );
    if (name === "a..b") return expect(parsed).toMatchObject({ query: { name: "a.b" } });
    expect(parsed).toMatchObject({ kind: "query", query: { name: undefined } });
  });

  it("neither throws nor reads beyond the end, whatever comes", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const parsed = parseQuery(Buffer.from(bytes));
        if (parsed.kind === "query") expect(parsed.query.question.byteLength).toBeLessThanOrEqual(bytes.byteLength - 12);
        if (parsed.kind === "malformed") expect(encodeMalformed(parsed)).toHaveLength(12);
      }),
    );
  });

  it("gives a name that is nothing but lower-case letters, digits, dashes, underscores and dots", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 63 }), { minLength: 1, maxLength: 3 }), (labels) => {
        const parsed = parseQuery(question(labels.map((label) => Buffer.from(label))));
        if (parsed.kind === "query" && parsed.query.name !== undefined) expect(parsed.query.name).toMatch(/^[a-z0-9_.-]+$/);
      }),
    );
  });
});
