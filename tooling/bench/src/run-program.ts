import { spawn } from "node:child_process";

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** No program that is measured may take longer. */
const LONGEST_MS = 120_000;

/** Run a program to its end and give its output. @throws Error with its words when it fails, or takes over two minutes */
export async function runProgram(program: string, args: readonly string[], { cwd, env }: ProgramOptions): Promise<string> {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: LONGEST_MS });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code ?? signal}: ${stderr.trim()}`));
    });
  });
}

/** Milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
