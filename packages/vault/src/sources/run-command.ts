import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How a command that prints a secret may run. */
export interface CommandLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** What a command printed, or why it does not count: `failed` never tells what it printed. */
export type CommandResult = { readonly printed: string } | { readonly failed: string };

/** Run an argument vector without a shell, with no standard input and in an own directory of nobody's choosing: `/`. */
export async function runCommand(
  [program = "", ...args]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { timeoutMs, maxBytes }: CommandLimits,
): Promise<CommandResult> {
  try {
    const running = promisify(execFile)(program, args, { cwd: "/", env: { ...environment }, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: maxBytes, encoding: "utf8", windowsHide: true });
    running.child.stdin?.end();
    const { stdout } = await running;
    return { printed: stdout };
  } catch (error) {
    return { failed: reasonOf(error, timeoutMs) };
  }
}

/** The error holds both outputs and the whole command line: only its code and signal are told. */
function reasonOf(error: unknown, timeoutMs: number): string {
  const { code, signal, killed } = Object.assign({ code: undefined, signal: undefined, killed: false }, error) as { readonly code: unknown; readonly signal: unknown; readonly killed: unknown };
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "it printed too much";
  if (killed === true) return `no answer within ${timeoutMs / 1000} seconds`;
  if (typeof code === "number") return `exit code ${code}`;
  return typeof code === "string" ? code : `ended by ${String(signal)}`;
}
