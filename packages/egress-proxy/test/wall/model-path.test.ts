import fc from "fast-check";
import { describe, it } from "vitest";
import { readModelPath } from "../../src/wall/model/model-path.ts";

describe("readModelPath", () => {
  it.for([
    ["/anthropic/v1/messages?beta=true", "anthropic", "/v1/messages?beta=true", []],
    ["/anthropic/v1//messages/", "anthropic", "/v1/messages", []],
    ["/anthropic", "anthropic", "/", []],
    ["/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=k1", "google", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", ["k1"]],
    ["/google/v1?KEY=a&api_key=b&Access_Token=c", "google", "/v1", ["a", "b", "c"]],
    ["/openai/v1/files/a%20b", "openai", "/v1/files/a%20b", []],
    ["/google/v1beta/models/g?%24httpMethod=DELETE&$httpHeaders=x&alt=sse&$key=k", "google", "/v1beta/models/g?alt=sse", []],
  ] as const)("writes %s anew", ([url, service, path, keys], { expect }) => {
    expect(readModelPath(url)).toEqual({ kind: "path", service, path, keys });
  });

  it("never gives a path that a URL parser reads as another, nor a host of its own", ({ expect }) => {
    const piece = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("..", ".", "%2e", "%2E%2e", "/", "\\", "//", "@", "evil.test", "?", "#", "%2f", "%00", ":", "http://", ";"));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const read = readModelPath(`/anthropic/${pieces.join("")}`);
        if (read.kind === "invalid") return;
        const url = new URL(`https://api.test${read.path}`);
        expect(url.host).toBe("api.test");
        expect(url.hash).toBe("");
        expect(`${url.pathname}${url.search}`).toBe(read.path.endsWith("?") ? read.path.slice(0, -1) : read.path);
      }),
      { numRuns: 5000 },
    );
  });
});
