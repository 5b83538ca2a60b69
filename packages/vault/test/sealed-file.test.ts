import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, it } from "vitest";
import { keyIdOf, NotSealed, readHeader, seal, unseal } from "../src/sealed-file.ts";

const KEY = randomBytes(32);
const sealed = (text: string): Buffer => seal(text, { key: KEY, place: "file", nonce: randomBytes(12) });

describe("a sealed document", () => {
  it("gives back its text with its key, and says where that is", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("file" as const, "keychain" as const), (text, place) => {
        const bytes = seal(text, { key: KEY, place, nonce: randomBytes(12) });
        expect(unseal(bytes, KEY)).toBe(text.toWellFormed());
        expect(readHeader(bytes)).toEqual({ place, keyId: keyIdOf(KEY) });
      }),
    );
  });

  it("does not open with a single bit turned, whichever", ({ expect }) => {
    const whole = sealed("the real thing");
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unseal(bytes, KEY), `bit ${bit}`).toThrow(NotSealed);
    }
  });

  it("does not open with any other key, nor when it is noise", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: 200 }), (key, noise) => {
        expect(() => unseal(sealed("x"), key)).toThrow(NotSealed);
        expect(() => unseal(Buffer.from(noise), KEY)).toThrow(NotSealed);
        expect(() => unseal(Buffer.concat([sealed("x").subarray(0, 38), noise]), KEY)).toThrow(NotSealed);
      }),
    );
  });
});
