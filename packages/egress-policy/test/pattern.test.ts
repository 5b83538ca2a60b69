import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { formatDestinationPattern, parseDestinationPattern } from "../src/index.ts";
import { anyPattern } from "./arbitraries.ts";

function failure(text: string): AppError {
  try {
    parseDestinationPattern(text);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error(`"${text}" was accepted`);
}

describe("parseDestinationPattern", () => {
  it.for(["api.github.com", "*.example.org", "**.example.org", "**", "**:443", "192.0.2.7", "10.1.0.0/16", "0.0.0.0/0:22", "a.test:8000-8099", "host.docker.internal:5432"])(
    "reads and writes %s",
    (text, { expect }) => {
      expect(formatDestinationPattern(parseDestinationPattern(text))).toBe(text);
    },
  );

  it("round trips whatever it prints", ({ expect }) => {
    fc.assert(
      fc.property(anyPattern, (text) => {
        const parsed = parseDestinationPattern(text);
        expect(parseDestinationPattern(formatDestinationPattern(parsed))).toEqual(parsed);
      }),
      { numRuns: 1000 },
    );
  });

  it.for([
    ["", "characters"],
    ["https://a.test", "URL"],
    ["/etc/passwd", "URL"],
    ["a.test/path", "no valid host name"],
    ["[::1]:80", "IPv6"],
    ["::1", "IPv6"],
    ["fe80::1", "IPv6"],
    ["a.test:0", "port"],
    ["a.test:65536", "port"],
    ["a.test:080", "port"],
    ["a.test:", "port"],
    ["a.test:9-8", "port"],
    ["a.test: 80", "port"],
    ["a.test:80-", "port"],
    ["*", "stars"],
    ["a.*.test", "stars"],
    ["***.test", "stars"],
    ["*a.test", "stars"],
    ["*.", "valid host name"],
    ["**.", "valid host name"],
    [":80", "valid host name"],
    ["127.1", "whole IPv4"],
    ["2130706433", "whole IPv4"],
    ["0177.0.0.1", "whole IPv4"],
    ["0x7f.1", "no valid host name"],
    ["1.2.3.4/33", "whole IPv4"],
    ["1.2.3.4/08", "whole IPv4"],
    ["1.2.3.4/8/8", "whole IPv4"],
    ["*.2.3.4", "no valid host name"],
    ["10.1.2.3/16", "bits beyond"],
    ["model.sbx.internal", "own services"],
    ["*.sbx.internal", "own services"],
    ["**.model.sbx.internal:80", "own services"],
    ["SBX.internal.", "own services"],
    ["localhost:80", "the sandbox itself"],
    ["*.localhost", "the sandbox itself"],
    ["host.docker.internal", "every service"],
    ["host.docker.internal:8811", "sbx's own"],
    ["host.docker.internal:1-65535", "sbx's own"],
    ["bücher.test", "no valid host name"],
    ["a_b.test", "no valid host name"],
  ] as const)("refuses %j and says why", ([text, why], { expect }) => {
    const error = failure(text);
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toContain(why);
    expect(error.fix).toMatch(/^(Write|Name|Leave|For) .+\.$/);
  });

  it("never throws anything else, and prints no control characters", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        try {
          parseDestinationPattern(text);
        } catch (error) {
          if (!AppError.is(error)) throw error;
          expect(error.message).toMatch(/^[\x20-\x7e]*$/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
