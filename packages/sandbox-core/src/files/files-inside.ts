import { AppError, type ArchiveEnd, type PathView, type RecordEvent, type SessionId } from "@sbx/contracts";
import type { Engine, ExecProcess } from "../ports/engine.ts";
import type { LiveSandbox } from "../sandbox/sandbox-parts.ts";
import type { SessionPlace, SessionRunner } from "../session/session-runner.ts";
import { FILES_ENV, packCommand, readStat, statCommand, unpackCommand } from "./archive-commands.ts";
import { placeInside, type PlaceInside } from "./place-inside.ts";

/** Exit codes of a program that could not be started. */
const NOT_STARTED = new Set([126, 127]);
/** From here on a tar has failed; 1 says that something changed or was left out. */
const TAR_FAILED = 2;

export interface FilesInsideParts {
  readonly engine: () => Promise<Engine>;
  /** Rejects with `ENGINE_UNREACHABLE` while there is no engine. */
  readonly runner: () => Promise<SessionRunner>;
  readonly newId: () => SessionId;
  readonly record: RecordEvent;
}

/** A tar that is under way in a sandbox: its bytes are the caller's to read or write. */
export interface Transfer {
  readonly process: ExecProcess;
  /** How it ended, once the process has. `said` gives what it wrote to stderr. */
  end(said: () => string): Promise<ArchiveEnd>;
  /** End it now, because nobody wants the rest. Never rejects. */
  giveUp(): Promise<void>;
}

/** Files of running sandboxes, read and written by the sandbox's own user with the image's own tools. */
export class FilesInside {
  readonly #parts: FilesInsideParts;

  constructor(parts: FilesInsideParts) {
    this.#parts = parts;
  }

  /** What lies at a path. @throws AppError `PLATFORM_UNSUPPORTED` when the image lacks the tools, `PATH_REFUSED` when it may not be looked at */
  async inspect(live: LiveSandbox, { path: text, follow }: { readonly path: string; readonly follow: boolean }): Promise<PathView> {
    return this.#inspect(live, placeOf(live, text), follow);
  }

  /** Begin to read a place as a tar. @throws AppError `PATH_NOT_FOUND` and those of {@link inspect} */
  async read(live: LiveSandbox, { path: text, follow }: { readonly path: string; readonly follow: boolean }): Promise<Transfer> {
    const place = placeOf(live, text);
    const { kind } = await this.#inspect(live, place, follow);
    if (kind === "missing") throw notFound(live, place);
    if (place.contents && kind !== "directory") throw new AppError("PATH_REFUSED", { message: `"${place.path}" is no directory`, fix: "Leave the /. at its end out." });
    return this.#transfer(live, { command: packCommand(place, follow), stdin: false, event: { type: "files.read", path: place.path } });
  }

  /** Begin to unpack a tar into a directory that is there. @throws AppError `PATH_NOT_FOUND`, `PATH_REFUSED` and those of {@link inspect} */
  async write(live: LiveSandbox, { path: text }: { readonly path: string }): Promise<Transfer> {
    const place = placeOf(live, text);
    const { kind } = await this.#inspect(live, place, true);
    if (kind === "missing") throw notFound(live, place);
    if (kind !== "directory") throw new AppError("PATH_REFUSED", { message: `"${place.path}" is no directory`, fix: "Name the directory to unpack into." });
    return this.#transfer(live, { command: unpackCommand(place.path), stdin: true, event: { type: "files.written", path: place.path } });
  }

  async #inspect(live: LiveSandbox, { path }: PlaceInside, follow: boolean): Promise<PathView> {
    const { container, user } = whereOf(live);
    const answer = await (await this.#parts.engine()).run(container, { command: statCommand(path, follow), env: FILES_ENV, user, workdir: "/" });
    const found = answer.exitCode === 0 ? readStat(path, answer.stdout) : undefined;
    if (found !== undefined) return found;
    if (/No such file|Not a directory|Too many levels/i.test(answer.stderr)) return { path, kind: "missing" };
    if (NOT_STARTED.has(answer.exitCode)) throw lacksTools(live);
    throw new AppError("PATH_REFUSED", { message: `"${path}" of ${live.record.name}: ${lastLine(answer.stderr) || "it cannot be looked at"}`, fix: "Name a path that the agent's user may see." });
  }

  async #transfer(live: LiveSandbox, { command, stdin, event }: Start): Promise<Transfer> {
    const runner = await this.#parts.runner();
    const place: SessionPlace = { ...whereOf(live), session: this.#parts.newId() };
    const process = await runner.startStreams({ ...place, command, env: FILES_ENV, workdir: "/", stdin });
    this.#parts.record({ type: event.type, sandbox: live.record.id, fields: { path: event.path } });
    const forget = (): Promise<void> => runner.forget(place).catch(() => undefined);
    return {
      process,
      async end(said) {
        const code = await process.exit;
        await forget();
        return endOf(live, { code, said: said() });
      },
      async giveUp() {
        await runner.signal({ ...place, signal: "SIGKILL" }).catch(() => undefined);
        process.stdout.resume();
        process.stderr.resume();
        await process.exit.catch(() => undefined);
        process.detach();
        await forget();
      },
    };
  }
}

interface Start {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly event: { readonly type: "files.read" | "files.written"; readonly path: string };
}

function placeOf({ record }: LiveSandbox, text: string): PlaceInside {
  return placeInside(text, { workspace: record.request.workspace, home: record.homeDirectory });
}

function whereOf({ record: { workload, user } }: LiveSandbox): { readonly container: string; readonly user: string } {
  return { container: workload ?? "", user };
}

function endOf(live: LiveSandbox, { code, said }: { readonly code: number; readonly said: string }): ArchiveEnd {
  if (code === 0) return {};
  if (code < TAR_FAILED) return { warning: said.trim() || "tar left something out" };
  const problem = NOT_STARTED.has(code)
    ? lacksTools(live)
    : new AppError("PATH_REFUSED", {
        message: `tar in ${live.record.name} ended with code ${code}: ${lastLine(said) || "it said nothing"}`,
        fix: "See whether the agent's user may read and write there, and whether there is room.",
        details: { output: said },
      });
  return { problem: problem.toJSON() };
}

function notFound({ record }: LiveSandbox, { path }: PlaceInside): AppError {
  return new AppError("PATH_NOT_FOUND", { message: `There is no "${path}" in ${record.name}`, fix: `Look with: sbx exec ${record.name} ls -la` });
}

function lacksTools({ record }: LiveSandbox): AppError {
  return new AppError("PLATFORM_UNSUPPORTED", {
    message: `The image of ${record.name} lacks "stat" or "tar", by which files are copied`,
    fix: "Use an image that has coreutils and tar, or busybox.",
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
}
