import { setImmediate } from "node:timers/promises";
import { packageScripts } from "@sbx/core";
import { readIn, type OpenPlace } from "./open-place.ts";

/**
 * How much is read of the files that are compared by what they say. The daemon has one thread: what is over a limit is
 * named as not judged rather than read.
 */
const TEXT_LIMITS = { bytes: 256 * 1024, files: 400, milliseconds: 2000 } as const;

/** What a file says that is compared, or why nobody can tell. */
export type ComparedText = { readonly text: string } | { readonly unknown: string };

/** Reads files one by one until a limit is reached, and lets other work go on before each. */
export class TextReader {
  readonly #limits: { readonly files: number; readonly milliseconds: number };
  #files = 0;
  #milliseconds = 0;
  #cut = false;

  constructor(limits: { readonly files: number; readonly milliseconds: number } = TEXT_LIMITS) {
    this.#limits = limits;
  }

  /** Whether something was left unread because of a limit. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** What `path` says that is compared; `undefined` when a limit was reached before. */
  async read(place: OpenPlace, path: string): Promise<ComparedText | undefined> {
    if (this.#files >= this.#limits.files || this.#milliseconds >= this.#limits.milliseconds) {
      this.#cut = true;
      return undefined;
    }
    this.#files += 1;
    await setImmediate();
    const started = performance.now();
    const compared = comparedText(place, path);
    this.#milliseconds += performance.now() - started;
    return compared;
  }
}

/** Whether a file is compared by what it says, by its path. */
export function isCompared(path: string): boolean {
  return isGitConfig(path) || isManifest(path);
}

/** A name that git settings have, in any directory that may be a git directory. */
export function isGitConfig(path: string): boolean {
  return /(?:^|\/)config(?:\.worktree)?$/u.test(path) && (!isInstalled(path) || /(?:^|\/)\.git\//u.test(path));
}

function isManifest(path: string): boolean {
  return /(?:^|\/)package\.json$/u.test(path) && !isInstalled(path);
}

function isInstalled(path: string): boolean {
  return /(?:^|\/)node_modules\//u.test(path);
}

function comparedText(place: OpenPlace, path: string): ComparedText {
  // One byte more than is looked at tells that there is more.
  const text = readIn(place, path, TEXT_LIMITS.bytes + 1);
  if (text === undefined) return { unknown: "cannot be read" };
  if (Buffer.byteLength(text) > TEXT_LIMITS.bytes) return { unknown: `is over ${TEXT_LIMITS.bytes / 1024} KiB` };
  if (isGitConfig(path)) return { text };
  const scripts = packageScripts(text);
  return scripts === undefined ? { unknown: "is not a JSON object" } : { text: scripts };
}
