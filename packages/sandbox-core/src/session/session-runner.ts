import { AppError, type SessionId, type TerminalSize } from "@sbx/contracts";
import type { EngineId, ExecEngine, ExecProcess } from "../ports/engine.ts";
import { HOLD_PROGRAM, SESSION_DIRECTORY } from "../sandbox/workload-container.ts";
import { HOLD_NO_SESSION, holdSignal, parseSessionList, sessionDirectory, type SessionOnDisk } from "./hold-program.ts";
import { leftoversCommand } from "./leftovers.ts";

/** Where a session is, or shall be. */
export interface SessionPlace {
  readonly container: EngineId;
  readonly session: SessionId;
  /** "uid:gid" inside the container, the workload's own. */
  readonly user: string;
}

/** What a session runs. */
export interface SessionProgram extends SessionPlace {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
}

/** Sessions in running containers: programs that outlive whoever looks at them. */
export interface SessionRunner {
  /**
   * Start a program on a terminal of its own. Resolves when it runs, also when the program cannot be executed: then the
   * session has ended with 126 or 127, and says why to whoever attaches.
   *
   * @throws AppError `ENGINE_FAILED` when the session could not be made.
   */
  openTerminal(start: SessionProgram & { readonly size: TerminalSize }): Promise<void>;
  /**
   * Join a terminal session: what is kept of its output comes first. Ended sessions give that and their exit code.
   * `exit` gives the session's code, or `HOLD_DETACHED` when this viewer left. `detach()` leaves the session running.
   * Without `size` the session keeps the size it has until the first `resize`.
   */
  attachTerminal(place: SessionPlace & { readonly size?: TerminalSize | undefined }): Promise<ExecProcess>;
  /** Start a program with three separate streams. Its stdin gives end of file at once unless `stdin` is asked for. */
  startStreams(start: SessionProgram & { readonly stdin: boolean }): Promise<ExecProcess>;
  /** Exit code of a session that has ended; `undefined` while it runs, and when it is lost or not there. */
  exitCodeOf(place: SessionPlace): Promise<number | undefined>;
  /** Resolves with the exit code at the session's end. @throws AppError `SESSION_NOT_FOUND` when it is lost or not there. */
  waitForEnd(place: SessionPlace): Promise<number>;
  /**
   * Signal the session's process group, by names like "SIGTERM". Resolves with whether there was one.
   *
   * @throws AppError `USAGE` for a signal that is not sent.
   */
  signal(target: SessionPlace & { readonly signal: string }): Promise<boolean>;
  /** The last 256 KiB of a terminal session's output, without what would make a terminal answer; "" when there is none. */
  log(place: SessionPlace): Promise<string>;
  /** Every session that the container knows of: the truth after a restart of the daemon. */
  list(where: { readonly container: EngineId; readonly user: string }): Promise<readonly SessionOnDisk[]>;
  /** Remove what an ended session left in the container's memory. A running one is left alone. */
  forget(place: SessionPlace): Promise<void>;
  /** End programs of these names, which an agent left running. @throws AppError `ENGINE_FAILED` when one cannot be ended */
  endLeftovers(where: { readonly container: EngineId; readonly user: string; readonly names: readonly string[] }): Promise<void>;
}

/** Run sessions over the engine's processes by means of the holder that is mounted into every workload. */
export function createSessionRunner({ exec }: { readonly exec: ExecEngine }): SessionRunner {
  /** Sessions in which no viewer of an earlier daemon is any more, once the promise has resolved. */
  const opened = new Map<SessionId, Promise<unknown>>();
  let viewers = 0;

  const ask = async ({ container, user }: { readonly container: EngineId; readonly user: string }, ...verb: readonly string[]) =>
    exec.run(container, { command: [HOLD_PROGRAM, ...verb], env: {}, user, workdir: "/" });

  const list: SessionRunner["list"] = async (where) => {
    const answer = await ask(where, "list", SESSION_DIRECTORY);
    if (answer.exitCode !== 0) throw failed("list its sessions", answer);
    return parseSessionList(answer.stdout);
  };

  return {
    list,
    async openTerminal({ container, session, user, command, env, workdir, size }) {
      const hold = [HOLD_PROGRAM, "run", sessionDirectory(session), String(size.columns), String(size.rows), "--", ...command];
      const answer = await exec.run(container, { command: hold, env, user, workdir });
      const noProgram = answer.stderr.startsWith("hold: cannot run ");
      if (answer.exitCode !== 0 && !noProgram) throw failed("open a session", answer);
      opened.set(session, Promise.resolve());
    },
    // The engine does not tell a process that its client has gone: viewers are told to leave by the holder. Those of an
    // earlier daemon are, too, when this one joins their session for the first time.
    async attachTerminal({ container, session, user, size }) {
      const directory = sessionDirectory(session);
      const cleared = opened.get(session) ?? ask({ container, user }, "leave", directory);
      opened.set(session, cleared);
      await cleared.catch((error: unknown) => {
        opened.delete(session);
        throw error;
      });
      viewers += 1;
      const token = `v${String(viewers)}`;
      const process = await exec.exec(container, { command: [HOLD_PROGRAM, "attach", directory, token], env: {}, user, workdir: "/", tty: size ?? { columns: 0, rows: 0 }, stdin: true });
      let ended = false;
      process.exit.then(
        () => {
          ended = true;
        },
        () => undefined,
      );
      return {
        ...process,
        detach: () => {
          process.detach();
          if (!ended) void ask({ container, user }, "leave", directory, token).catch(() => undefined);
        },
      };
    },
    async startStreams({ container, session, user, command, env, workdir, stdin }) {
      return exec.exec(container, { command: [HOLD_PROGRAM, "stream", sessionDirectory(session), "--", ...command], env, user, workdir, tty: false, stdin });
    },
    async exitCodeOf(place) {
      const found = (await list(place)).find(({ session }) => session === place.session);
      return found?.state.phase === "ended" ? found.state.exitCode : undefined;
    },
    async waitForEnd(place) {
      const answer = await ask(place, "wait", sessionDirectory(place.session));
      const code = /^(\d{1,3})\n$/.exec(answer.stdout)?.[1];
      if (answer.exitCode === HOLD_NO_SESSION) throw lost(place.session);
      if (answer.exitCode !== 0 || code === undefined) throw failed("wait for a session's end", answer);
      return Number(code);
    },
    async signal({ signal, ...place }) {
      const answer = await ask(place, "signal", sessionDirectory(place.session), holdSignal(signal));
      if (answer.exitCode !== 0 && answer.exitCode !== HOLD_NO_SESSION) throw failed("signal a session", answer);
      return answer.exitCode === 0;
    },
    async log(place) {
      return (await ask(place, "log", sessionDirectory(place.session))).stdout;
    },
    async forget(place) {
      opened.delete(place.session);
      await ask(place, "forget", sessionDirectory(place.session));
    },
    async endLeftovers({ container, user, names }) {
      const command = leftoversCommand(names);
      if (command === undefined) return;
      const answer = await exec.run(container, { command, env: {}, user, workdir: "/" });
      if (answer.exitCode !== 0) throw failed("end what its agent left running", answer);
    },
  };
}

function failed(doing: string, { exitCode, stdout, stderr }: { readonly exitCode: number; readonly stdout: string; readonly stderr: string }): AppError {
  const reason = (stderr.trim() || stdout.trim()).slice(0, 1000) || `exit code ${String(exitCode)}`;
  return new AppError("ENGINE_FAILED", {
    message: `The sandbox could not ${doing}: ${reason}`,
    fix: "See whether the working directory is there; else start the sandbox again: sbx stop, then sbx run.",
    details: { exitCode },
  });
}

function lost(session: SessionId): AppError {
  return new AppError("SESSION_NOT_FOUND", { message: `The session ${session} is not there any longer, and did not say how it ended.`, fix: "Open a new one with: sbx run" });
}
