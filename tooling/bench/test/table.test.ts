import { describe, it } from "vitest";
import type { Line } from "../src/line.ts";
import { renderTable, short, toJson } from "../src/table.ts";

const LINE: Line = {
  title: "warm",
  unit: "ms",
  better: "less",
  ours: { name: "sbx", samples: [20, 30, 40] },
  references: [
    { name: "docker exec", samples: [10, 10, 10] },
    { name: "squid", missing: "squid is not installed" },
  ],
};

describe("the bench's table", () => {
  it("has a row for each reference, with medians, spread and ratio", ({ expect }) => {
    expect(
      renderTable([LINE])
        .split("\n")
        .map((row) => row.split(/ {2,}/)),
    ).toEqual([
      ["what", "sbx", "against", "ratio"],
      ["warm", "30.0 ms (20.0–40.0)", "docker exec", "10.0 ms (10.0–10.0)", "3.00 (2.00–4.00)"],
      ["", "squid", "not measured: squid is not installed"],
    ]);
  });

  it("says where more is better, and shows a line without a reference", ({ expect }) => {
    const table = renderTable([{ ...LINE, better: "more", references: [] }]);
    expect(table).toContain("warm (more is better)  30.0 ms");
  });

  it("gives programs the samples, the summaries and the ratios, and none for what was not measured", ({ expect }) => {
    expect(toJson([LINE])).toEqual([
      {
        title: "warm",
        unit: "ms",
        better: "less",
        ours: { name: "sbx", samples: [20, 30, 40], summary: { median: 30, min: 20, max: 40 } },
        references: [
          { name: "docker exec", samples: [10, 10, 10], summary: { median: 10, min: 10, max: 10 }, ratio: { median: 3, min: 2, max: 4 } },
          { name: "squid", missing: "squid is not installed" },
        ],
      },
    ]);
  });

  it("writes no more digits than say something", ({ expect }) => {
    expect([0.1234, 12.345, 1234.5].map(short)).toEqual(["0.12", "12.3", "1235"]);
  });
});
