import { fstatSync } from "node:fs";
import type { Environment, Io, StdinKind } from "./context.ts";

/** The streams of this process. Nothing of stdin is touched until it is asked for. */
export function createProcessIo(env: Environment): Io {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", leaveOnBrokenPipe);
  const coloured = (stream: NodeJS.WriteStream): boolean => (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb" && stream.isTTY;
  return {
    out: (text) => {
      process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    stdinKind,
    isTerminal: { stdout: process.stdout.isTTY, stderr: process.stderr.isTTY },
    colour: { stdout: coloured(process.stdout), stderr: coloured(process.stderr) },
    size: () => (process.stdout.isTTY && process.stdout.columns > 0 && process.stdout.rows > 0 ? { columns: process.stdout.columns, rows: process.stdout.rows } : undefined),
    onResize: (listener) => {
      process.stdout.on("resize", listener);
      return () => {
        process.stdout.off("resize", listener);
      };
    },
    setRaw: (raw) => {
      if (process.stdin.isTTY) process.stdin.setRawMode(raw);
    },
  };
}

/** A pipe, file or socket sends bytes; /dev/null and a closed descriptor do not, and reading them would only wait. */
function stdinKind(): StdinKind {
  try {
    const stat = fstatSync(0);
    if (stat.isFIFO() || stat.isFile() || stat.isSocket()) return "data";
    return stat.isCharacterDevice() && process.stdin.isTTY ? "terminal" : "nothing";
  } catch {
    return "nothing";
  }
}

/** `sbx ls | head -1` closes our output early: that is no error. */
function leaveOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exitCode ??= 0;
}
