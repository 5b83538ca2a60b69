import path from "node:path";
import { test } from "vitest";
import { secondTries } from "../src/second-try.mjs";
import { closingLine, failedFiles, sum, tallyOf, tallyOfTries } from "../src/test-summary.mjs";

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

test("names the files in which something failed, and counts them as they went when they were run again", ({ expect }) => {
  const one = (name: string, status: string, ...states: string[]) => ({ name, status, assertionResults: states.map((state) => ({ status: state })) });
  const first = JSON.stringify({ testResults: [one("/clone/a.test.ts", "passed", "passed"), one("/clone/b.test.ts", "failed", "pending", "pending")] });
  expect(failedFiles(first)).toEqual(["/clone/b.test.ts"]);
  expect(failedFiles(undefined)).toEqual([]);
  const second = JSON.stringify({ testResults: [one("/clone/b.test.ts", "passed", "passed", "skipped")] });
  expect(tallyOfTries(first, second, ["b.test.ts"])).toEqual({ passed: 2, failed: 0, skipped: 1 });
  expect(tallyOfTries(first, undefined, ["b.test.ts"])).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("runs a few failed flows a second time, and nothing else: not where more failed, nor an attack, nor a unit", ({ expect }) => {
  const flow = (name: string) => path.resolve("clone/tooling/e2e/test", `${name}.engine.test.ts`);
  expect(secondTries(path.resolve("clone"), [flow("a"), flow("b")])).toEqual(["tooling/e2e/test/a.engine.test.ts", "tooling/e2e/test/b.engine.test.ts"]);
  expect(secondTries(path.resolve("clone"), [])).toEqual([]);
  expect(secondTries(path.resolve("clone"), [flow("a"), flow("b"), flow("c"), flow("d")])).toEqual([]);
  for (const other of ["tooling/attacks/wall.engine.test.ts", "packages/images/test/a.engine.test.ts", "tooling/e2e-other/a.test.ts"])
    expect(secondTries(path.resolve("clone"), [flow("a"), path.resolve("clone", other)])).toEqual([]);
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
