import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, it } from "vitest";
import { createScrubber, findModelService, isPlaceholder, MODEL_SERVICES, newPlaceholder, scrubText, Secret } from "../src/index.ts";

const VALUE = "sk-ant-api03-the-real-thing-0123456789";

describe("Secret", () => {
  it("never prints its value", ({ expect }) => {
    const secret = new Secret(VALUE);
    for (const text of [`${secret}`, String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ secret }, { showHidden: true, depth: 9 }), JSON.stringify(Object.entries(secret))])
      expect(text).not.toContain("real-thing");
    expect(secret.reveal()).toBe(VALUE);
  });
});

describe("newPlaceholder", () => {
  it.for(Object.values(MODEL_SERVICES))("has the shape of a key of $service and is unique", (service, { expect }) => {
    const made = new Set(Array.from({ length: 200 }, () => newPlaceholder(service, randomBytes)));
    expect(made.size).toBe(200);
    for (const text of made) {
      expect(text.startsWith(service.keyShape.prefix)).toBe(true);
      expect(text.slice(service.keyShape.prefix.length)).toMatch(new RegExp(`^[A-Za-z0-9]{${service.keyShape.length}}$`));
    }
  });

  it("knows its services by name only", ({ expect }) => {
    expect(findModelService("openai")?.upstream).toBe("https://api.openai.com");
    expect(findModelService("constructor")).toBeUndefined();
  });
});

describe("isPlaceholder", () => {
  it("accepts the very text and nothing else", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (placeholder, other) => {
        expect(isPlaceholder(placeholder, placeholder)).toBe(true);
        expect(isPlaceholder(other, placeholder)).toBe(other === placeholder);
        expect(isPlaceholder(`${placeholder}\0`, placeholder)).toBe(false);
        expect(isPlaceholder(placeholder.slice(0, -1), placeholder)).toBe(false);
      }),
    );
    expect(isPlaceholder("", "")).toBe(false);
  });
});

describe("createScrubber", () => {
  it("takes the secret out wherever chunks are cut, and changes nothing else", ({ expect }) => {
    const piece = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constant(VALUE),
      fc.nat({ max: VALUE.length }).map((n) => VALUE.slice(0, n)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }), (pieces, cuts) => {
        const whole = Buffer.from(pieces.join(""), "utf8");
        const scrubber = createScrubber(new Secret(VALUE));
        const out: Buffer[] = [];
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          out.push(scrubber.push(whole.subarray(at, at + size)));
          at += size;
        }
        out.push(scrubber.end());
        const text = Buffer.concat(out).toString("utf8");
        expect(text).not.toContain(VALUE);
        expect(text).toBe(whole.toString("utf8").replaceAll(VALUE, "*".repeat(VALUE.length)));
        expect(scrubber.found).toBe(whole.includes(VALUE));
      }),
      { numRuns: 1000 },
    );
  });

  it("holds nothing back that is no beginning of the secret", ({ expect }) => {
    const scrubber = createScrubber(new Secret(VALUE));
    expect(scrubber.push(Buffer.from("data: {}\n\n")).toString()).toBe("data: {}\n\n");
    expect(scrubText(`x ${VALUE}`, new Secret(VALUE))).not.toContain("real-thing");
  });
});
