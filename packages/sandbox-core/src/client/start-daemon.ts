import { spawn, type ChildProcess } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@sbx/contracts/app-error";
import type { DaemonPaths, Environment } from "./daemon-port.ts";
import { daemonEnvironment } from "./daemon-environment.ts";
import { DAEMON_FLAGS, findDaemonProgram } from "./daemon-program.ts";
import { isListening } from "./is-listening.ts";
import { makeLogDirectory } from "./state-directory.ts";

const START_TIMEOUT_MS = 30_000;
/** How long a daemon that has the lock may take to listen before another start is tried: the holder may be dying. */
const HOLDER_PATIENCE_MS = 2000;

interface Start {
  readonly paths: DaemonPaths;
  readonly env: Environment;
  /** `import.meta.url` of the program that asks. */
  readonly from?: string;
  /** Told what a daemon does that takes its time, one line at a time. */
  readonly onPreparing?: (line: string) => void;
}

/**
 * Start the daemon and wait until it listens; it lives on without this process.
 *
 * Two that start one at the same moment both succeed: the daemon that comes second steps back.
 * @throws AppError what the daemon gave as reason, or `DAEMON_UNREACHABLE` with the end of its log.
 */
export async function startDaemon(start: Start): Promise<void> {
  await makeLogDirectory(start.paths.log);
  const end = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < end) {
    if ((await startOnce(start)) === "ready" || (await waitForSocket(start.paths))) return;
  }
  throw new AppError("DAEMON_UNREACHABLE", { message: "A daemon holds the lock but does not listen", fix: "Look into its log with: sbx daemon logs; end it with: sbx daemon stop" });
}

async function startOnce({ paths, env, from, onPreparing }: Start): Promise<"ready" | "already-running"> {
  const log = await open(paths.log, "a", 0o600);
  const before = (await log.stat()).size;
  const child = spawn(process.execPath, [...DAEMON_FLAGS, findDaemonProgram(env, from), "--ready-fd", "3"], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log.fd, log.fd, "pipe"],
    env: daemonEnvironment(env),
  });
  await log.close();
  try {
    const ended = exitOf(child);
    const lines = createInterface({ input: readyEnd(child) })[Symbol.asyncIterator]();
    for (;;) {
      const next = nextOf(lines);
      // One that has ended may have said why: what it wrote is read to its end.
      const line = await Promise.race([next, ended.then(() => next), sleep(START_TIMEOUT_MS, undefined, { ref: false })]);
      if (line === undefined)
        throw new AppError("DAEMON_UNREACHABLE", { message: "The daemon did not start", fix: `Look into its log: ${paths.log}`, details: { output: await tailOf(paths.log, before) } });
      const said = parseReadyLine(line);
      if (said.event === "preparing") {
        onPreparing?.(said.line ?? "");
        continue;
      }
      if (said.event === "failed") throw AppError.fromJSON(said.problem);
      return said.event === "already-running" ? "already-running" : "ready";
    }
  } finally {
    child.unref();
    child.stdio[3]?.destroy();
  }
}

/** What the daemon says on descriptor 3: `ready`, `already-running`, or `failed` with a problem; and before that, what it is `preparing`. */
function parseReadyLine(line: string): { readonly event: string; readonly problem?: unknown; readonly line?: string } {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || !("event" in value) || typeof value.event !== "string") throw new Error(`the daemon said "${line}" instead of that it is ready`);
  return { event: value.event, problem: "problem" in value ? value.problem : undefined, ...("line" in value && typeof value.line === "string" ? { line: value.line } : {}) };
}

/** The fourth entry of `stdio` above is a pipe, whose reading end is a stream. */
function readyEnd(child: ChildProcess): Readable {
  return child.stdio[3] as Readable;
}

async function nextOf(lines: AsyncIterator<string>): Promise<string | undefined> {
  const next = await lines.next();
  return next.done === true ? undefined : next.value;
}

async function exitOf(child: ChildProcess): Promise<undefined> {
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject).once("close", () => {
      resolve();
    });
  });
}

async function waitForSocket({ socket }: DaemonPaths): Promise<boolean> {
  const end = performance.now() + HOLDER_PATIENCE_MS;
  while (performance.now() < end) {
    if (await isListening(socket)) return true;
    await sleep(25);
  }
  return false;
}

async function tailOf(log: string, from: number): Promise<string> {
  return (await readFile(log)).subarray(from).toString("utf8").slice(-4000);
}
