import { once } from "node:events";
import { writeSync } from "node:fs";
import { AppError, type Problem } from "@sbx/contracts";
import { endWithDoor } from "./beside/end-with-door.ts";
import { findPlace } from "./beside/find-place.ts";
import { runBeside, type RunBeside } from "./beside/run-beside.ts";
import { compose } from "./compose.ts";
import { loadConfig, logFile } from "./config.ts";
import { keepHeapSmall } from "./keep-heap-small.ts";
import { takeLock } from "./lock.ts";
import { createLog, type Log } from "./log.ts";

/** What a starting daemon says on its ready descriptor: at last one line of how it went, and before that what takes its time. */
type Ready =
  | { readonly event: "preparing"; readonly line: string }
  | { readonly event: "ready"; readonly socket: string }
  | { readonly event: "already-running"; readonly pid: number | null; readonly socket: string }
  | { readonly event: "failed"; readonly problem: Problem };

/** What a run of the daemon is given: its environment, where it says that it is ready, and the controller that ends it. */
export interface RunDaemon {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Descriptor on which the ready line is written; standard output when absent. */
  readonly readyDescriptor: number | undefined;
  /** Path of this program, which a daemon beside the engine is started from. */
  readonly program: string;
  readonly shutdown: AbortController;
}

/** Run until the signal fires. @returns the exit code: 0 done or already running, 1 when the start failed. */
export async function runDaemon({ environment, readyDescriptor, program, shutdown }: RunDaemon): Promise<number> {
  const say = (ready: Ready): void => {
    tell(readyDescriptor ?? 1, ready);
  };
  const log = createLog(logFile(environment));
  outlive(log);
  try {
    const config = loadConfig(environment, process.getuid?.() ?? 0);
    const lock = takeLock(config.stateDirectory);
    if (!lock.taken) {
      say({ event: "already-running", pid: lock.holder?.pid ?? null, socket: config.socketPath });
      return 0;
    }
    await using scope = new AsyncDisposableStack();
    scope.defer(lock.release);
    await startWhereItCan({ config, scope, log, shutdown, program, preparing: (line) => say({ event: "preparing", line }) });
    keepHeapSmall();
    say({ event: "ready", socket: config.socketPath });
    log.info("daemon.ready", { socket: config.socketPath, pid: process.pid });
    if (!shutdown.signal.aborted) await once(shutdown.signal, "abort");
    log.info("daemon.stopping", {});
    return 0;
  } catch (error) {
    log.error("daemon.failed", { error });
    const problem = AppError.is(error)
      ? error
      : new AppError("INTERNAL", { message: error instanceof Error ? error.message : String(error), fix: "Look into the daemon's log with: sbx daemon logs", cause: error });
    say({ event: "failed", problem: problem.toJSON() });
    return 1;
  }
}

/** As this process where the engine sees this machine; else beside the engine, with this process as the way there. */
async function startWhereItCan(start: Omit<RunBeside, "found">): Promise<void> {
  const { config, log, shutdown, preparing } = start;
  const place = config.beside === undefined ? await findPlace({ config, log, preparing, signal: shutdown.signal }) : ({ kind: "here" } as const);
  if (config.beside !== undefined) endWithDoor(process.stdin, shutdown);
  if (place.kind === "here") await compose(start);
  else await runBeside({ ...start, found: place.found });
}

/** Whoever started the daemon may be gone by now; the daemon is wanted all the same. */
function tell(descriptor: number, ready: Ready): void {
  try {
    writeSync(descriptor, `${JSON.stringify(ready)}\n`);
  } catch {
    // Nobody listens.
  }
}

/**
 * A fault in one piece of work takes only that down: the networks of all sandboxes hang on this process. After an
 * exception that nobody caught nothing is certain any more: then it ends, and the next command starts another.
 */
function outlive(log: Log): void {
  process.on("unhandledRejection", (error) => {
    log.error("fault.rejection", { error });
  });
  process.on("uncaughtException", (error) => {
    log.error("fault.exception", { error });
    process.exit(1);
  });
}
