import fc from "fast-check";
import { describe, it } from "vitest";
import { createTextScrubber, Secret } from "../src/index.ts";

const VALUE = 'sk-ant/öther+"thing"\\0123456789 ?&';
const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  raw: (text) => text,
  base64: (text) => Buffer.from(text).toString("base64"),
  base64url: (text) => Buffer.from(text).toString("base64url"),
  hex: (text) => Buffer.from(text).toString("hex"),
  HEX: (text) => Buffer.from(text).toString("hex").toUpperCase(),
  url: encodeURIComponent,
  "url, lower case": (text) => encodeURIComponent(text).replaceAll(/%../g, (escape) => escape.toLowerCase()),
  form: (text) => new URLSearchParams({ k: text }).toString().slice(2),
  "url, every byte": (text) => Buffer.from(text).toString("hex").replaceAll(/../g, "%$&"),
  json: (text) => JSON.stringify(text),
  "json with escaped slashes": (text) => JSON.stringify(text).replaceAll("/", String.raw`\/`),
  "json in json": (text) => JSON.stringify(JSON.stringify(text)),
};
/** Any eight characters in a row of what was leaked, as a reader could use them. */
const leaks = (text: string, form: string): boolean => Array.from({ length: Math.max(0, form.length - 11) }, (_none, at) => form.slice(at, at + 12)).some((piece) => text.includes(piece));

describe("a text", () => {
  it.for(Object.entries(ENCODINGS))("is cleaned of a secret in this form, wherever it stands: %s", ([, encode], { expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), fc.string({ unit: "binary", minLength: 8, maxLength: 700 }), (before, after, value) => {
        fc.pre(Buffer.byteLength(value) >= 8 && value.isWellFormed());
        const form = encode(value);
        const clean = createTextScrubber([new Secret("unrelated-secret"), new Secret(value)]).scrub(`${before} ${form} ${after}`);
        expect(clean).toContain("[secret]");
        // A quote or two around it is none of the secret.
        expect(clean.length).toBeLessThanOrEqual(before.length + after.length + "[secret]".length + 2 + 8);
      }),
      { numRuns: 60 },
    );
    const clean = createTextScrubber([new Secret(VALUE)]).scrub(`x ${encode(VALUE)} y`);
    expect(leaks(clean, encode(VALUE))).toBe(false);
    expect(clean.startsWith("x ") && clean.endsWith(" y")).toBe(true);
  });

  it.for([0, 1, 2])("is cleaned of base64 that holds the secret behind %i other bytes, up to the characters that it shares with them", (shift, { expect }) => {
    for (const tail of ["", "x", "xy"]) {
      for (const alphabet of ["base64", "base64url"] as const) {
        const form = Buffer.from(`${"user:".slice(0, shift)}${VALUE}${tail}`).toString(alphabet);
        const clean = createTextScrubber([new Secret(VALUE)]).scrub(form);
        expect(clean).toContain("[secret]");
        expect(clean.length - "[secret]".length).toBeLessThanOrEqual(3 + 4 + 4);
      }
    }
  });

  it("keeps everything that is no secret", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.includes("sk-ant"));
        expect(createTextScrubber([new Secret(VALUE)]).scrub(text)).toBe(text);
        expect(createTextScrubber([]).scrub(text)).toBe(text);
      }),
    );
  });

  it("loses secrets that overlap each other whole", ({ expect }) => {
    const scrubber = createTextScrubber([new Secret("abcdefghij"), new Secret("ghijklmnop"), new Secret("abcdefgh")]);
    expect(scrubber.scrub("-abcdefghijklmnop-")).toBe("-[secret]-");
    expect(scrubber.scrub("-abcdefgh-abcdefghij-")).toBe("-[secret]-[secret]-");
  });

  it("loses every line of a private key, were they shown one by one", ({ expect }) => {
    const lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj", "AgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4Aaa", "-----END PRIVATE KEY-----"];
    const scrubber = createTextScrubber([new Secret(lines.join("\n"))]);
    for (const line of lines) expect(scrubber.scrub(`  ${line}`)).toBe("  [secret]");
  });

  it("loses a secret of any length", ({ expect }) => {
    const long = Array.from({ length: 5000 }, (_none, index) => index.toString(36)).join("-");
    const clean = createTextScrubber([new Secret(long)]).scrub(`a ${long} b ${Buffer.from(long).toString("base64")} c`);
    expect(clean).toMatch(/^a \[secret\] b \[secret\].{0,3} c$/);
  });

  it("keeps words under 8 bytes, which would be found everywhere", ({ expect }) => {
    expect(createTextScrubber([new Secret("true"), new Secret("")]).scrub("true story")).toBe("true story");
  });
});

describe("a stream of text", () => {
  it("is cleaned as if it came in one piece, wherever it is cut, and shown as soon as it can be", ({ expect }) => {
    const piece = fc.oneof(
      fc.string({ maxLength: 10 }),
      fc.constant(VALUE),
      fc.constant(Buffer.from(VALUE).toString("base64")),
      fc.nat({ max: VALUE.length }).map((length) => VALUE.slice(0, length)),
      fc.constant("aaaaaaaa"),
      fc.constant("aaa"),
    );
    const secrets = [new Secret(VALUE), new Secret("aaaaaaaaa"), new Secret("aaaabbbb-cccc")];
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (pieces, cuts) => {
        const whole = pieces.join("");
        const scrubber = createTextScrubber(secrets);
        let shown = "";
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          shown += scrubber.push(whole.slice(at, at + size));
          at += size;
        }
        expect(shown + scrubber.end()).toBe(createTextScrubber(secrets).scrub(whole));
        expect(scrubber.end()).toBe("");
      }),
      { numRuns: 1000 },
    );
    expect(createTextScrubber(secrets).push("a line without any\n")).toBe("a line without any\n");
  });

  it("holds back no more than one secret, whatever is sent, and stays quick", ({ expect }) => {
    const scrubber = createTextScrubber([new Secret("a".repeat(30)), ...Array.from({ length: 50 }, (_none, index) => new Secret(`sk-ant-api03-${index}-abcdefghijklmnop`))]);
    const before = performance.now();
    let shown = 0;
    for (let turn = 0; turn < 100; turn += 1) shown += scrubber.push("a".repeat(10_000)).length;
    for (let turn = 0; turn < 100; turn += 1) shown += scrubber.push("sk-ant-api03-".repeat(800)).length;
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(shown).toBeGreaterThan(100 * 800 * 13 - 200);
    expect(scrubber.end().length).toBeLessThan(5000);
  });
});
