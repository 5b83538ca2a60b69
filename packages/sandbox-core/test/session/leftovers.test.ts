import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { describe, it, onTestFinished, vi } from "vitest";
import { leftoversCommand } from "../../src/session/leftovers.ts";

/** A shell under another name that waits, and that SIGTERM does not end if `stubborn`. */
async function waiter(directory: string, name: string, stubborn = false): Promise<ChildProcessByStdio<null, Readable, null>> {
  const program = path.join(directory, name);
  copyFileSync("/bin/sh", program);
  const process = spawn(program, ["-c", `${stubborn ? "trap '' TERM; " : ""}echo ready; while :; do sleep 0.05; done`], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void process.kill("SIGKILL"));
  await once(process.stdout, "data");
  return process;
}

/** Runs beside the test, which has to learn of the ends of its own programs meanwhile. */
async function run(...names: readonly string[]): Promise<number | null> {
  const [program, ...args] = leftoversCommand(names) ?? ["/bin/false"];
  const process = spawn(program, args, { stdio: "ignore" });
  await once(process, "exit");
  return process.exitCode;
}

describe("leftoversCommand", () => {
  it("ends programs by their names, also stubborn ones and ones with long names, and no others", async ({ expect }) => {
    const directory = mkdtempSync(path.join(tmpdir(), "sbx-left-"));
    onTestFinished(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const mark = String(process.pid);
    const [hub, stubborn, long, other] = await Promise.all([
      waiter(directory, `h${mark}`),
      waiter(directory, `s${mark}`, true),
      waiter(directory, `long-${mark}-name-of-a-program`),
      waiter(directory, `h${mark}x`),
    ]);
    expect(await run(`h${mark}`, `s${mark}`, `long-${mark}-name-of-a-program`)).toBe(0);
    await vi.waitFor(() => {
      expect([hub, stubborn, long].map(({ signalCode }) => signalCode)).toEqual(["SIGTERM", "SIGKILL", "SIGTERM"]);
    });
    expect(readFileSync(`/proc/${other.pid ?? 0}/comm`, "utf8")).toBe(`h${mark}x\n`);
    expect(other.signalCode).toBeNull();
  });

  it("is content when nothing is left, and takes no name for a pattern or a word of the shell", async ({ expect }) => {
    expect(await run("no-such-program")).toBe(0);
    for (const name of ["*", "$(id)", "-9", "; exit 3", ""]) expect(await run(name), name).toBe(0);
    expect(leftoversCommand([])).toBeUndefined();
  });
});
