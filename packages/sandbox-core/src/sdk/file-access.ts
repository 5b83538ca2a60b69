import type { Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import type { InputSource } from "../client/session-input.ts";
import { collectBytes } from "./collect-text.ts";
import type { Execution, ExecOptions } from "./execution.ts";
import type { DaemonLink } from "./daemon-link.ts";
import { parseListing, statOf, type FileEntry } from "./file-listing.ts";

/** What is read of a file at once unless told otherwise, in bytes. */
const READ_BYTES = 64 << 20;
/** Longest listing that is read, in bytes of its text. */
const LISTING_BYTES = 16 << 20;
/** Bytes of a program's complaint that are shown. */
const COMPLAINT_BYTES = 2000;
/** How long a look may take: what is looked at is the agent's, and may be made to wait. */
const LOOK_MS = 300_000;
/** Exit codes of a program that could not be started. */
const NOT_STARTED = new Set([126, 127]);

/** Runs a program in the sandbox. */
export interface FileAccessParts {
  readonly sandbox: string;
  readonly link: DaemonLink;
  readonly exec: (command: readonly string[], options: ExecOptions) => Execution;
}

/** How a file is read. */
export interface ReadOptions {
  /** A longer file is refused, in bytes; 64 MiB unless said. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/**
 * Files of a sandbox, through programs of its own and with its own user's rights: nothing is followed, opened or written
 * on this machine. Paths are absolute, or relative to the workspace.
 *
 * What an agent wrote is the agent's word: a name or content of it is not to be trusted.
 */
export class FileAccess {
  readonly #parts: FileAccessParts;

  constructor(parts: FileAccessParts) {
    this.#parts = parts;
  }

  /** The bytes of a file. @throws AppError `PATH_NOT_FOUND`; `PATH_REFUSED` for what is no file, may not be read, or is longer than `maxBytes` */
  async read(path: string, { maxBytes = READ_BYTES, signal }: ReadOptions = {}): Promise<Uint8Array> {
    // A fifo or a device is told by its size, which is none: `head` ends where the file did when it was looked at.
    const { kind, sizeBytes } = await this.stat(path, { follow: true, ...signalOf(signal) });
    if (kind !== "file") throw failed(path, `it is a ${kind}`);
    if (sizeBytes > maxBytes) throw failed(path, `it has ${sizeBytes} bytes, more than ${maxBytes}`);
    const { bytes, truncated } = await this.#output(path, { command: ["head", "-c", String(maxBytes + 1), "--", plain(path)], maxBytes, deadlineMs: LOOK_MS, ...signalOf(signal) });
    if (truncated) throw failed(path, `it has grown beyond ${maxBytes} bytes`);
    return bytes;
  }

  /** The text of a file; what is not UTF-8 is replaced. */
  async readText(path: string, options: ReadOptions = {}): Promise<string> {
    return new TextDecoder().decode(await this.read(path, options));
  }

  /** Write a file, whole; its directory is made when it is not there. `mode` is octal, such as 0o755. */
  async write(path: string, content: InputSource, { mode, signal }: { readonly mode?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    // Written beside it and put in its place, so that nobody sees half a file.
    const script = 'set -e; mkdir -p -- "$(dirname -- "$1")"; t="$1.sbx-$$"; trap \'rm -f -- "$t"\' EXIT; cat > "$t"; [ -z "$2" ] || chmod -- "$2" "$t"; mv -T -- "$t" "$1"';
    await this.#run(path, { command: shell(script, plain(path), mode === undefined ? "" : (mode & 0o7777).toString(8)), stdin: content, ...signalOf(signal) });
  }

  /** What lies at a path. A link is told as a link, unless it is followed, inside. @throws AppError `PATH_NOT_FOUND` */
  async stat(path: string, { follow = false, signal }: { readonly follow?: boolean; readonly signal?: AbortSignal } = {}): Promise<FileEntry> {
    const { bytes } = await this.#output(path, {
      command: ["stat", ...(follow ? ["-L"] : []), "-c", "%f %s %Y", "--", plain(path)],
      maxBytes: LISTING_BYTES,
      deadlineMs: LOOK_MS,
      ...signalOf(signal),
    });
    const found = statOf(path.split("/").at(-1) ?? path, new TextDecoder().decode(bytes));
    if (found === undefined) throw failed(path, "the sandbox's own stat gave something else");
    return found;
  }

  /** Whether something is there. */
  async exists(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const { exitCode } = await this.#parts.exec(shell('[ -e "$1" ] || [ -L "$1" ]', plain(path)), options).result();
    return exitCode === 0;
  }

  /** What a directory holds, by name. @throws AppError `PATH_NOT_FOUND`; `PATH_REFUSED` when it is none, or its listing is longer than 16 MiB */
  async list(path = ".", { signal }: { readonly signal?: AbortSignal } = {}): Promise<readonly FileEntry[]> {
    const script = '[ -d "$1" ] || { ls -d -- "$1" >/dev/null && echo "it is no directory" >&2; exit 1; }; exec find "$1/" -mindepth 1 -maxdepth 1 -printf "%y %m %s %T@ %f\\\\0"';
    const { bytes, truncated } = await this.#output(path, { command: shell(script, plain(path)), maxBytes: LISTING_BYTES, deadlineMs: LOOK_MS, ...signalOf(signal) });
    if (truncated) throw failed(path, "it holds more than is listed");
    return parseListing(bytes);
  }

  /** Make a directory, and those above it. One that is there is fine. */
  async makeDirectory(path: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#run(path, { command: ["mkdir", "-p", "--", plain(path)], ...signalOf(signal) });
  }

  /** Take a file or a link away, and a directory with all that is in it when `recursive`. Nothing there is fine. */
  async remove(path: string, { recursive = false, signal }: { readonly recursive?: boolean; readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#run(path, { command: ["rm", recursive ? "-rf" : "-f", "--", plain(path)], ...signalOf(signal) });
  }

  /** Copy a file or a directory to another place inside; links are copied as links. */
  async copy(from: string, to: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#run(from, { command: ["cp", "-a", "-T", "--", plain(from), plain(to)], ...signalOf(signal) });
  }

  /** Move a file or a directory to another place inside. */
  async move(from: string, to: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#run(from, { command: ["mv", "-T", "--", plain(from), plain(to)], ...signalOf(signal) });
  }

  /**
   * A file or directory as a tar, its root named as the path's last part. The stream fails where it is not whole. It is the
   * agent's word: unpack it with what refuses links and paths that lead out, as `sbx cp` does.
   */
  async archive(path: string, { follow = false, signal = new AbortController().signal }: { readonly follow?: boolean; readonly signal?: AbortSignal } = {}): Promise<Readable> {
    const { archive } = await this.#parts.link();
    return (await archive.read({ sandbox: this.#parts.sandbox, path, follow }, signal)).tar;
  }

  /** Unpack a tar into a directory that is there, with the sandbox's own tar. @returns what that said of things that it left out */
  async unpack(directory: string, tar: Readable, { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {}): Promise<{ readonly warning?: string }> {
    const { archive } = await this.#parts.link();
    const { warning, problem } = await archive.write({ sandbox: this.#parts.sandbox, path: directory }, tar, signal);
    if (problem !== undefined) throw AppError.fromJSON(problem);
    return warning === undefined ? {} : { warning };
  }

  async #run(path: string, work: Omit<FileWork, "maxBytes">): Promise<void> {
    await this.#output(path, { ...work, maxBytes: 0 });
  }

  async #output(path: string, { command, maxBytes, stdin, deadlineMs, signal }: FileWork): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean }> {
    const program = this.#parts.exec(command, { env: { LC_ALL: "C" }, ...(stdin === undefined ? {} : { stdin }), ...(deadlineMs === undefined ? {} : { deadlineMs }), ...signalOf(signal) });
    const [output, complaint, exitCode] = await Promise.all([collectBytes(program.stdout, maxBytes), collectBytes(program.stderr, COMPLAINT_BYTES), program.exitCode]);
    if (exitCode === 0) return output;
    const said = new TextDecoder().decode(complaint.bytes).trim();
    if (NOT_STARTED.has(exitCode))
      throw new AppError("PLATFORM_UNSUPPORTED", { message: `The image lacks "${command[0] ?? ""}", by which files are reached: ${said}`, fix: "Use an image with coreutils and findutils." });
    throw failed(path, said === "" ? `"${command[0] ?? ""}" ended with code ${exitCode}` : said);
  }
}

interface FileWork {
  readonly command: readonly string[];
  readonly maxBytes: number;
  readonly stdin?: InputSource;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

function shell(script: string, ...args: readonly string[]): readonly string[] {
  return ["sh", "-c", script, "sbx", ...args];
}

/** A path that no program takes for an option, an expression or a text with an end in the middle. */
function plain(path: string): string {
  if (path === "" || path.includes("\0")) throw new AppError("USAGE", { message: `"${path.replaceAll("\0", "\\0")}" is no path`, fix: "Give a path that is not empty and has no zero in it." });
  return path.startsWith("/") ? path : `./${path}`;
}

function signalOf(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function failed(path: string, why: string): AppError {
  return new AppError(/No such file/.test(why) ? "PATH_NOT_FOUND" : "PATH_REFUSED", {
    message: `"${path}" in the sandbox: ${why}`,
    fix: "See whether it is there, and whether the sandbox's user may read and write it.",
  });
}
