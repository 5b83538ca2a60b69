import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { readRunArguments } from "../../src/run/further-directories.ts";

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "sbx-paths-"));
  for (const name of ["app", "lib", "docs"]) mkdirSync(path.join(cwd, name));
  writeFileSync(path.join(cwd, "run.sh"), "");
});
afterAll(() => {
  rmSync(cwd, { recursive: true });
});

describe("paths after the agent", () => {
  it.for([
    ["./app", { path: "./app", more: [], args: [] }],
    ["./app ./lib ./docs:ro", { path: "./app", more: ["./lib", "./docs:ro"], args: [] }],
    ["./app ./lib -- -p hello", { path: "./app", more: ["./lib"], args: ["-p", "hello"] }],
    ["./app ./nowhere -- x", { path: "./app", more: ["./nowhere"], args: ["x"] }],
    ["./app ./run.sh", { path: "./app", more: [], args: ["./run.sh"] }],
    ["./app ./lib ./run.sh", { path: "./app", more: [], args: ["./lib", "./run.sh"] }],
    ["./app -p ./lib", { path: "./app", more: [], args: ["-p", "./lib"] }],
    ["./app -p ./lib -- x", { path: "./app", more: [], args: ["-p", "./lib", "--", "x"] }],
    ["./app -- ./lib", { path: "./app", more: [], args: ["./lib"] }],
    ["lib ./lib", { more: [], args: ["lib", "./lib"] }],
    ["-- ./app ./lib", { more: [], args: ["./app", "./lib"] }],
  ] as const)("are the workspace and further directories where nothing else can be meant: %s", async ([line, wanted], { expect }) => {
    expect(await readRunArguments(line.split(" "), { cwd, home: cwd })).toEqual(wanted);
  });
});
