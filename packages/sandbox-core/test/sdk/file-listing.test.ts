import fc from "fast-check";
import { describe, it } from "vitest";
import { parseListing, statOf } from "../../src/sdk/file-listing.ts";

const aName = fc.string({ minLength: 1, unit: "binary" }).filter((name) => !/[/\0]/.test(name) && name.isWellFormed());

describe("a listing of a directory", () => {
  it("is read whatever its names are, sorted", ({ expect }) => {
    fc.assert(
      fc.property(fc.uniqueArray(aName), (names) => {
        const text = names.map((name) => `f 644 12 1700000000.5 ${name}\0`).join("");
        expect(parseListing(Buffer.from(text)).map(({ name }) => name)).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
      }),
    );
  });

  it("tells kinds, sizes and modes, and leaves out what has another form", ({ expect }) => {
    const text = "d 1777 4096 1700000000.0000000000 tmp\0l 777 5 1700000000.1 link\0p 600 0 -1.0 pipe\0f 644 x 1 bad\0f 644 1 1 a/b\0";
    expect(parseListing(Buffer.from(text))).toEqual([
      { name: "link", kind: "link", sizeBytes: 5, mode: 0o777, modifiedAt: new Date(1_700_000_000_000) },
      { name: "pipe", kind: "other", sizeBytes: 0, mode: 0o600, modifiedAt: new Date(-1000) },
      { name: "tmp", kind: "directory", sizeBytes: 4096, mode: 0o1777, modifiedAt: new Date(1_700_000_000_000) },
    ]);
  });

  it("never throws for what a sandbox may print", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(Array.isArray(parseListing(bytes))).toBe(true);
        expect(statOf("x", Buffer.from(bytes).toString("latin1"))).toBeUndefined();
      }),
    );
  });

  it("of one path is read", ({ expect }) => {
    expect(statOf("a", "81a4 2 1700000000\n")).toEqual({ name: "a", kind: "file", sizeBytes: 2, mode: 0o644, modifiedAt: new Date(1_700_000_000_000) });
    expect(statOf("a", "81a4 2 1700000000\nmore")).toBeUndefined();
  });
});
