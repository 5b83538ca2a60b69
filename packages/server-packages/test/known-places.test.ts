import { describe, it } from "vitest";
import { KnownPlaces } from "../src/known-places.ts";

const index = new URL("https://index.test/simple");

describe("what is known of indexes", () => {
  it("is one address for each host, of the package that came last", ({ expect }) => {
    const places = new KnownPlaces();
    expect(places.files(index)).toEqual([]);
    places.noteFiles(index, [new URL("https://a.test/1"), new URL("https://a.test/2"), new URL("https://b.test/3")]);
    expect(places.files(index).map(({ href }) => href)).toEqual(["https://a.test/2", "https://b.test/3"]);
    places.noteFiles(index, [new URL("https://c.test/1")]);
    expect(places.files(new URL("https://index.test/simple")).map(({ host }) => host)).toEqual(["c.test"]);
    expect(places.files(new URL("https://other.test/"))).toEqual([]);
  });

  it("stays small, whatever indexes there are and say", ({ expect }) => {
    const places = new KnownPlaces();
    places.noteFiles(
      index,
      Array.from({ length: 100 }, (_, at) => new URL(`https://h${at}.test/`)),
    );
    expect(places.files(index)).toHaveLength(8);
    for (let at = 0; at < 32; at += 1) places.noteFiles(new URL(`https://index${at}.test/`), [new URL("https://a.test/")]);
    expect(places.files(index)).toEqual([]);
    expect(places.files(new URL("https://index31.test/"))).toHaveLength(1);
  });
});
