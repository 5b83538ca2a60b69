import { test } from "vitest";
import { closingLine, sum, tallyOf } from "../src/test-summary.mjs";

const report = (...files: { status: string; states: string[] }[]): string =>
  JSON.stringify({ testResults: files.map(({ status, states }) => ({ status, assertionResults: states.map((state) => ({ status: state })) })) });

test("counts what passed, failed and was left out", ({ expect }) => {
  const text = report({ status: "failed", states: ["passed", "failed", "pending"] }, { status: "passed", states: ["passed", "todo", "skipped"] });
  expect(tallyOf(text, 1)).toEqual({ passed: 2, failed: 1, skipped: 3 });
});

test("a file that could not be loaded is a failure", ({ expect }) => {
  expect(tallyOf(report({ status: "failed", states: [] }, { status: "passed", states: ["passed"] }), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test("a run that failed is never counted as green", ({ expect }) => {
  expect(tallyOf(report({ status: "passed", states: ["passed"] }), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(tallyOf(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(tallyOf("{", 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(tallyOf("{}", 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("the closing line is the sum of all runs", ({ expect }) => {
  expect(
    closingLine(
      sum([
        { passed: 1, failed: 0, skipped: 2 },
        { passed: 10, failed: 3, skipped: 0 },
      ]),
    ),
  ).toBe("11 passed, 3 failed, 2 skipped");
  expect(closingLine(sum([]))).toBe("0 passed, 0 failed, 0 skipped");
});
