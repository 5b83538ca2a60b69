import { describe, it } from "vitest";
import { withLookAlike } from "../src/look-alike.ts";
import { readTally } from "../src/run-suite.ts";

describe("a Kit of the suite", () => {
  it("starts from sbx's base instead of the suite's, as its user, in a Dockerfile and inside a descriptor", ({ expect }) => {
    expect(withLookAlike("# FROM docker/sandbox-templates:x\nFROM docker/sandbox-templates:claude-code-docker\nRUN true\n")).toBe(
      "# FROM docker/sandbox-templates:x\nARG SBX_BASE\nFROM ${SBX_BASE}\nUSER agent\nRUN true\n",
    );
    expect(withLookAlike("build: |\n  FROM docker/sandbox-templates:claude-code-docker\n  RUN true\n")).toBe("build: |\n  ARG SBX_BASE\n  FROM ${SBX_BASE}\n  USER agent\n  RUN true\n");
  });

  it("keeps every other base", ({ expect }) => {
    for (const text of ["FROM scratch\n", "FROM evil/docker/sandbox-templates:x\n", "FROM docker/sandbox-templates:x AS base\n"]) expect(withLookAlike(text)).toBe(text);
  });
});

describe("the suite's tally", () => {
  it("is read from its last line", ({ expect }) => {
    expect(readTally("…\n97 checks · 2 failed · 1 warned · 30 skipped · 64 passed\n")).toEqual({ checks: 97, failed: 2, warned: 1, skipped: 30, passed: 64 });
    expect(readTally("5 checks · 5 passed\n")).toEqual({ checks: 5, failed: 0, warned: 0, skipped: 0, passed: 5 });
  });

  it("is none where the suite did not come to its end", ({ expect }) => {
    expect(readTally("panic: 97 checks\n")).toBeUndefined();
    expect(readTally("")).toBeUndefined();
  });
});
