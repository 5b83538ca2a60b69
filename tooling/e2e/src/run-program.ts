import { spawn } from "node:child_process";

/** How a program ended, and what it said. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What stdin gives; without it stdin is closed. */
  readonly input?: string | undefined;
}

/** Run a program to its end. A program that a signal ended has the code that a shell would tell. */
export async function runProgram(program: string, args: readonly string[], { cwd, env, input }: ProgramOptions): Promise<ProgramResult> {
  const child = spawn(program, args, { cwd, env, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin?.on("error", () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code: code ?? (signal === "SIGKILL" ? 137 : 130), stdout, stderr });
    });
  });
}

/** Run a program in this process's own environment; rejects with the end of what it said when it fails. */
export async function needProgram(program: string, args: readonly string[], { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> }): Promise<string> {
  const own = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const { code, stdout, stderr } = await runProgram(program, args, { cwd, env: { ...own, ...env } });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${stderr.slice(-2000)}`);
  return stdout;
}
