import { test } from "vitest";
import { hygieneFindings, REGISTRIES } from "../src/hygiene.ts";

const inFile = (text: string, path = "packages/x/src/x.ts"): readonly string[] => hygieneFindings([{ path, text }]);

test.for<readonly [string, string]>([
  ["a path of one machine", `const root = "${["", "work", "place"].join("/")}";`],
  ["a path of one machine", "see /Users/ada/src/sbx for more"],
  ...REGISTRIES.map((host) => ["the host of a package registry", `fetch from https://mirror.${host}/zod`] as const),
  ["a note to do something", "// TODO: make this faster"],
  ["a note to do something", "/* FIXME */"],
  ["switched off without a reason", "// oxlint-disable-next-line no-console"],
  ["hushed", "// @ts-ignore"],
  ["a merge that was not finished", "<<<<<<< HEAD"],
])("finds %s in %j", ([what, text], { expect }) => {
  expect(inFile(`first line\n${text}\n`)).toEqual([expect.stringMatching(new RegExp(`^packages/x/src/x\\.ts:2: .*${what}`))]);
});

test.for<readonly [string, string]>([
  ["skipped without a condition", 'test.skip("later", () => {});'],
  ["skipped without a condition", 'describe.todo("one day");'],
  ["does not say the condition", 'test.skipIf(noEngine)("runs a container", () => {});'],
  ["keeps the others from running", 'it.only("mine", () => {});'],
  ["tried again", "test('x', { retry: 3 }, () => {});"],
])("finds a test that is %s: %j", ([what, text], { expect }) => {
  expect(inFile(text, "packages/x/test/x.test.ts")).toEqual([expect.stringContaining(what)]);
});

test.for<readonly [string]>([
  ["/workspace/app is a path inside"],
  ["a folder /homework/x"],
  ["// TODO #12: make this faster"],
  ["// oxlint-disable-next-line no-control-regex -- control characters are what is looked for"],
  ['test.runIf(isRoot)("mounts (needs root)", () => {});'],
  ["the todo list of the agent"],
])("lets %j pass", ([text], { expect }) => {
  expect(inFile(text, "packages/x/test/x.test.ts")).toEqual([]);
});
