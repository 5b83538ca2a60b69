import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, it } from "vitest";

/** What makes every wrong access, overflow and leak of the program its end. */
const CHECKED = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"];

const directory = mkdtempSync(path.join(tmpdir(), "sbx-requests-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Why the program could not be made; `undefined` when it could. @throws Error for what the compiler has against it */
function compile(program: string): string | undefined {
  const { error, stderr, status } = spawnSync("gcc", [...CHECKED, "-o", program, path.join(import.meta.dirname, "requests.c")], { encoding: "utf8" });
  if (error !== undefined) return "gcc is not on this machine";
  if (/cannot find.*(?:asan|ubsan)|unsupported option/.test(stderr)) return "gcc of this machine has no sanitizers";
  if (status === 0) return undefined;
  throw new Error(stderr);
}

describe("what pid 1 reads", () => {
  const program = path.join(directory, "requests");
  const lacking = compile(program);

  it.for([1, 2, 3])("is carried out or refused, whatever it is, and nothing of it stays: %i", async (seed, { expect, skip }) => {
    if (lacking !== undefined) {
      process.stdout.write(`skipped: requests of pid 1 under sanitizers, because ${lacking}\n`);
      skip();
    }
    const sender = spawn("python3", [path.join(import.meta.dirname, "send-requests.py"), program, String(seed), "1500"], { stdio: ["ignore", "pipe", "inherit"] });
    expect(JSON.parse(await text(sender.stdout))).toEqual({ unanswered: 0, wrong: 0, both: true, code: 7, open: 5, ended: 0, said: "" });
  });
});
