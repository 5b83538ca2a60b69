import fc from "fast-check";
import { describe, it } from "vitest";
import { parseHost } from "../src/index.ts";

describe("parseHost", () => {
  it.for([
    ["api.github.com", "api.github.com"],
    ["API.GitHub.com", "api.github.com"],
    ["api.github.com.", "api.github.com"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["a", "a"],
    ["1password.com", "1password.com"],
    [`${"a".repeat(63)}.test`, `${"a".repeat(63)}.test`],
  ] as const)("reads %s", ([text, name], { expect }) => {
    expect(parseHost(text)).toBe(name);
  });

  it.for([
    "",
    ".",
    "..",
    "a..b",
    ".a",
    "a.b..",
    "-a.test",
    "a-.test",
    "a_b.test",
    "bücher.test",
    "a b.test",
    "a\0.test",
    "a\n",
    "a/b",
    "a@b",
    "a:80",
    "[::1]",
    "*.a",
    "\u212A.test",
    "a\uFF0Etest",
    "a\u3002test",
    "127.1",
    "127.0.0.1",
    "0x7f.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "10.0.0.0x1",
    "0x",
    "a.0x7f",
    "1.2.3.4.",
    "example.1",
    `${"a".repeat(64)}.test`,
    `${"a.".repeat(127)}aa`,
    "a".repeat(10_000),
  ])("refuses %j", (text, { expect }) => {
    expect(parseHost(text)).toBeUndefined();
  });

  it("gives what it would accept again, unchanged, and what no URL parser takes for an address", ({ expect }) => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string({ maxLength: 40 }), fc.ipV4(), fc.ipV4Extended(), fc.ipV6()), (text) => {
        const name = parseHost(text);
        if (name === undefined) return;
        expect(parseHost(name)).toBe(name);
        expect(name).toMatch(/^[a-z0-9.-]+$/);
        // Some xn-- labels are no valid punycode: URL refuses them, which is no address either.
        if (URL.canParse(`http://${name}/`)) expect(new URL(`http://${name}/`).hostname).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });
});
