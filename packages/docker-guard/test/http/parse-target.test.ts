import fc from "fast-check";
import { describe, it } from "vitest";
import { parseTarget } from "../../src/http/parse-target.ts";
import { Refusal } from "../../src/refusal.ts";

describe("parseTarget", () => {
  it("takes the version, the segments and the query apart", ({ expect }) => {
    const { version, segments, query } = parseTarget("/v1.41/containers/a%20b/json?size=1&filters=%7B%22a%22%3A+1%7D");
    expect({ version, segments, query: Object.fromEntries(query) }).toEqual({ version: "1.41", segments: ["containers", "a b", "json"], query: { size: ["1"], filters: ['{"a": 1}'] } });
  });

  it("leaves out the copies of a body's fields that a client library puts into the query, however often", ({ expect }) => {
    const { query } = parseTarget("/containers/create?name=x&Env=a&Env=b&HostConfig=%7B%22Privileged%22%3Atrue%7D");
    expect(Object.fromEntries(query)).toEqual({ name: ["x"] });
    expect(Object.fromEntries(parseTarget("/containers/create?env=a&Name=x").query)).toEqual({ env: ["a"] });
  });

  it("reads the name of an image the same whether its slashes are encoded or not", ({ expect }) => {
    expect(parseTarget("/v1.41/images/ghcr.io%2Fa%2fb:1/json").segments).toEqual(["images", "ghcr.io/a/b:1", "json"]);
  });

  it.for([
    ["an absolute form", "http://docker/v1.41/info"],
    ["an authority", "docker:2375"],
    ["an asterisk", "*"],
    ["two slashes", "/v1.41//containers/json"],
    ["two slashes at the beginning", "//v1.41/info"],
    ["a slash at the end", "/v1.41/containers/json/"],
    ["a dot segment", "/v1.41/./info"],
    ["a parent segment", "/v1.41/containers/../info"],
    ["an encoded parent segment", "/v1.41/containers/%2e%2e/info"],
    ["an encoded slash", "/v1.41/containers/a%2fjson"],
    ["an encoded slash after the name of an image", "/v1.41/images/a/b%2fjson"],
    ["an encoded slash at the end of an image's name", "/v1.41/images/a%2f/json"],
    ["an encoded slash at the beginning of an image's name", "/v1.41/images/%2fa/json"],
    ["an encoded parent segment in an image's name", "/v1.41/images/a%2f..%2finfo"],
    ["a doubly encoded slash in an image's name", "/v1.41/images/a%252fb/json"],
    ["a doubly encoded slash", "/v1.41/containers/a%252fjson"],
    ["a doubly encoded letter", "/v1.41/containers/%2561/json"],
    ["a broken escape", "/v1.41/containers/%zz/json"],
    ["a lone percent sign", "/v1.41/containers/a%/json"],
    ["bytes that are no UTF-8", "/v1.41/containers/%ff/json"],
    ["a zero byte", "/v1.41/containers/a%00/json"],
    ["a line feed", "/v1.41/containers/a%0ab/json"],
    ["a backslash", "/v1.41\\containers/json"],
    ["a fragment", "/v1.41/info#x"],
    ["an empty part of the query", "/v1.41/info?a=1&&b=2"],
    ["a semicolon in the query", "/v1.41/info?a=1;b=2"],
    ["raw bytes beyond ASCII", "/v1.41/containers/é/json"],
  ])("refuses %s", ([, target], { expect }) => {
    expect(() => parseTarget(target ?? "")).toThrow(Refusal);
  });

  it("keeps what a name stands for in order, so that a route can refuse it twice", ({ expect }) => {
    expect(parseTarget("/build?t=a&q=1&%74=b").query.get("t")).toEqual(["a", "b"]);
  });

  it("gives segments that stay the same when they are decoded again", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "/", "%", "2", "f", "e", ".", "?", "&", "=", "+", ";", "\\", "5"), maxLength: 24 }), (text) => {
        try {
          for (const segment of parseTarget(`/${text}`).segments) {
            expect(segment).not.toMatch(/[/\\\0]|^\.{0,2}$/);
            expect(decodeURIComponent(segment.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"))).toBe(segment);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
