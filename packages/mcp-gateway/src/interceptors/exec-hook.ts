import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { HookFailed, type HookLimits, type RunHook } from "./hook.ts";

/** What a command is run with. */
export interface ExecHookOptions extends HookLimits {
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Run a command of the person in the host's shell, with the message on its standard input.
 *
 * It leads a group of processes of its own, which is ended with it whenever it does not end by itself in time.
 */
export function execHook(command: string, { env, timeoutMs, outputBytes }: ExecHookOptions): RunHook {
  return async (input, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, timeout]);
    either.throwIfAborted();
    const child = spawn("/bin/sh", ["-c", command], { env: { ...env }, stdio: ["pipe", "pipe", "ignore"], detached: true });
    const end = (): void => {
      endGroup(child.pid);
    };
    either.addEventListener("abort", end, { once: true });
    // A command may end without reading what it is told.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    try {
      const [output, [code]] = await Promise.all([collect(child.stdout, outputBytes), once(child, "close") as Promise<[number | null]>]);
      signal.throwIfAborted();
      if (timeout.aborted) throw new HookFailed(`it took longer than ${timeoutMs} ms`);
      if (code !== 0) throw new HookFailed(code === null ? "a signal ended it" : `it ended with exit code ${code}`);
      return output;
    } catch (error) {
      if (error instanceof HookFailed || signal.aborted) throw error;
      throw new HookFailed("it could not be run", { cause: error });
    } finally {
      either.removeEventListener("abort", end);
      end();
    }
  };
}

/** Read a stream to its end. @throws HookFailed when it is longer than this */
export async function collect(stream: Readable, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) throw new HookFailed(`it said more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
