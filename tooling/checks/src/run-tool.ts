import { spawn } from "node:child_process";
import path from "node:path";
import type { Outcome } from "./check.ts";

export interface ToolRun {
  /** Name of the program in `node_modules/.bin`, and its arguments. */
  readonly tool: string;
  readonly args: readonly string[];
  readonly root: string;
  /** The line of the tool's output that goes into the table. */
  readonly note?: (output: string) => string | undefined;
  readonly cwd?: string;
}

/** Run a tool of the repository to its end; it is green when it ends with 0. */
export async function runTool({ tool, args, root, note, cwd = root }: ToolRun): Promise<Outcome> {
  const { code, output } = await capture(path.join(root, "node_modules/.bin", tool), args, cwd);
  return { ok: code === 0, note: note?.(output) ?? (code === 0 ? "" : `${tool} ended with ${code}`), output };
}

/** Output of a program, both streams in the order they came. A program that cannot be started ends with 127. */
export async function capture(command: string, args: readonly string[], cwd: string): Promise<{ readonly code: number; readonly output: string }> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", (error) => {
      resolve({ code: 127, output: error.message });
    });
    child.once("close", (code) => {
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString("utf8") });
    });
  });
}
