import fc from "fast-check";
import { describe, it } from "vitest";
import { parseImageName, taggedName } from "../../src/images/image-name.ts";
import { Refusal } from "../../src/refusal.ts";

describe("parseImageName", () => {
  it.for([
    ["debian", "debian:latest"],
    ["debian:12", "debian:12"],
    ["docker.io/library/debian:12", "debian:12"],
    ["index.docker.io/library/debian", "debian:latest"],
    ["docker.io/team/app:1", "team/app:1"],
    ["localhost:5000/a/b:c", "localhost:5000/a/b:c"],
    ["registry.example.com/a", "registry.example.com/a:latest"],
  ])("reads %s as %s", ([text = "", name], { expect }) => {
    expect(taggedName(parseImageName(text))).toBe(name);
  });

  it.for(["", "Debian", "a b", "../x", "/x", "x/", "x:", "x:..", "x@sha256:12", "x@md5:aa", "a".repeat(64), "http://x/y", "x\n", "-x", "x//y", "a".repeat(300)])("refuses %j", (text, { expect }) => {
    expect(() => parseImageName(text)).toThrow(Refusal);
  });

  it("reads what it wrote as the same", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b", "1", ".", "-", "_", "/", ":", "A"), minLength: 1, maxLength: 24 }), (text) => {
        try {
          const name = taggedName(parseImageName(text));
          expect(taggedName(parseImageName(name))).toBe(name);
          expect(parseImageName(text).repository).not.toMatch(/\.\.|\/\/|^[/:.-]/);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
