import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test as base } from "vitest";
import { rotatingOutput } from "../src/rotating-output.ts";

const test = base.extend<{ log: { readonly file: string; readonly descriptor: number } }>({
  log: async ({}, use) => {
    const directory = mkdtempSync(path.join(tmpdir(), "sbx-log-"));
    const file = path.join(directory, "sbxd.log");
    const descriptor = openSync(file, "a", 0o600);
    await use({ file, descriptor });
    closeSync(descriptor);
    rmSync(directory, { recursive: true });
  },
});

test("two files hold the newest lines, however much is written, and lose none of them", ({ expect, log }) => {
  const output = rotatingOutput({ ...log, most: 1000 });
  for (let line = 0; line < 1000; line += 1) output.write(`line ${String(line)}\n`);
  const kept = readFileSync(`${log.file}.1`, "utf8") + readFileSync(log.file, "utf8");
  const numbers = kept
    .trim()
    .split("\n")
    .map((line) => Number(line.slice(5)));
  expect(numbers.at(-1)).toBe(999);
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? Number.NaN) + index));
  expect(statSync(log.file).size).toBeLessThan(1010);
  expect(statSync(`${log.file}.1`).size).toBeLessThan(1010);
  expect(statSync(`${log.file}.1`).mode & 0o777).toBe(0o600);
});

test("what others write to the descriptor afterwards is in the file", ({ expect, log }) => {
  const output = rotatingOutput({ ...log, most: 10 });
  output.write("the first line\n");
  output.write("second\n");
  writeSync(log.descriptor, "a last word\n");
  expect(readFileSync(log.file, "utf8")).toBe("second\na last word\n");
});

test("a file that is not that of the descriptor is left alone", ({ expect, log }) => {
  renameSync(log.file, `${log.file}.moved`);
  writeFileSync(log.file, "somebody else's");
  const output = rotatingOutput({ ...log, most: 5 });
  output.write("more than five\n");
  output.write("and more\n");
  expect(readFileSync(log.file, "utf8")).toBe("somebody else's");
  expect(readFileSync(`${log.file}.moved`, "utf8")).toBe("more than five\nand more\n");
});

test("a log that cannot be written ends nobody", ({ expect }) => {
  const descriptor = openSync("/dev/full", "w");
  const output = rotatingOutput({ descriptor, file: undefined, most: 5 });
  expect(() => {
    output.write("lost\n");
  }).not.toThrow();
  closeSync(descriptor);
});
