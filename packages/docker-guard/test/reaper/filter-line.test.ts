import fc from "fast-check";
import { describe, it } from "vitest";
import { readFilterLine } from "../../src/reaper/filter-line.ts";

describe("readFilterLine", () => {
  it("reads labels as Ryuk does", ({ expect }) => {
    expect(readFilterLine("label=org.testcontainers%3Dtrue&label=a=b&label=c")).toEqual({ labels: ["org.testcontainers=true", "a=b", "c"] });
  });

  it.for(["", "x", "label=", "label==x", "name=db", "label=a&name=db", "&", `${"label=a&".repeat(40)}label=a`])("gives nothing for %j, which would remove what nobody meant", (line, { expect }) => {
    expect(readFilterLine(line)).toBeUndefined();
  });

  it("never gives a filter without a label", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("label", "=", "&", "a", "%", "3", "D", "name", " "), maxLength: 12 }), (line) => {
        const filter = readFilterLine(line);
        if (filter !== undefined) expect(filter.labels.length > 0 && filter.labels.every((label) => label !== "" && !label.startsWith("="))).toBe(true);
      }),
    );
  });
});
