import { posix } from "node:path";
import { listOf, type HereDocument, type Instruction } from "@sbx/core";
import { printable, Refusal } from "../refusal.ts";
import type { SpooledEntry } from "../streams/spool-tar.ts";
import { expandWord, splitWords, type Variables } from "./expand.ts";
import { patternOf } from "./path-pattern.ts";

/** COPY or ADD, taken apart. */
export interface CopyPlan {
  readonly sources: readonly string[];
  readonly documents: readonly HereDocument[];
  /** Absolute; ends with a slash where a directory is meant. */
  readonly target: string;
  readonly from: string | undefined;
  /** USER or USER:GROUP, by name or number. */
  readonly owner: string | undefined;
  readonly mode: number | undefined;
}

/** Each is looked for among all files. */
const MAX_SOURCES = 256;

/** Take COPY or ADD apart. @throws Refusal 400 or 403 */
export function readCopy({ name, flags, rest, documents }: Instruction, { variables, workdir }: { readonly variables: Variables; readonly workdir: string }): CopyPlan {
  const words = (listOf(rest) ?? splitWords(rest)).filter((word) => !/^\d*<<-?/.test(word)).map((word) => expandWord(word, variables));
  const target = words.at(-1) ?? "";
  const sources = words.slice(0, -1);
  if (target === "" || (sources.length === 0 && documents.length === 0)) throw new Refusal(400, `${name} takes at least one source and a destination`);
  if (sources.length > MAX_SOURCES) throw new Refusal(413, `${name} takes at most ${MAX_SOURCES} sources here: name the directory that they are in`);
  for (const source of sources) refuseFetched(name, source);
  const flag = (wanted: string) => {
    const found = flags.find((one) => one.startsWith(`--${wanted}=`));
    return found === undefined ? undefined : expandWord(found.slice(wanted.length + 3), variables);
  };
  const many = sources.length + documents.length > 1;
  const isDirectory = /(?:\/|(?:^|\/)\.{1,2})$/.test(target);
  if (many && !isDirectory) throw new Refusal(400, `When using ${name} with more than one source file, the destination must be a directory and end with a /`);
  const absolute = posix.resolve(workdir, target);
  return { sources, documents, target: isDirectory && absolute !== "/" ? `${absolute}/` : absolute, from: flag("from"), owner: ownerOf(flag("chown")), mode: modeOf(flag("chmod")) };
}

function refuseFetched(name: string, source: string): void {
  if (/^(?:https?|ftp|ssh):\/\/|^git@|\.git(?:#|$)/i.test(source))
    throw new Refusal(403, `${name} fetches nothing here: fetch ${printable(source)} in a RUN step, which the sandbox's rules decide on`);
}

function ownerOf(owner: string | undefined): string | undefined {
  if (owner !== undefined && !/^[A-Za-z0-9_.-]{1,64}(?::[A-Za-z0-9_.-]{1,64})?$/.test(owner)) throw new Refusal(400, `--chown takes USER or USER:GROUP, not "${printable(owner)}"`);
  return owner;
}

function modeOf(mode: string | undefined): number | undefined {
  if (mode === undefined) return undefined;
  if (!/^[0-7]{3,4}$/.test(mode)) throw new Refusal(400, `--chmod takes an octal mode, as 755, not "${printable(mode)}"`);
  return Number.parseInt(mode, 8) & 0o777;
}

/** What one source of a COPY stands for: the entry itself, and what is below it by paths relative to it. */
export interface Match {
  readonly entry: SpooledEntry;
  readonly below: readonly { readonly path: string; readonly entry: SpooledEntry }[];
}

/** Find a source among files; a pattern stands for all that fit. Links are taken as links, and lead nowhere here. @throws Refusal 400 */
export function findSources(files: ReadonlyMap<string, SpooledEntry>, source: string): readonly Match[] {
  const path = posix.normalize(`/${source}`).slice(1).replace(/\/$/, "");
  const found = path === "" ? [directory("")] : /[*?[]/.test(path) ? fitting(files, path) : [files.get(path) ?? impliedDirectory(files, path)];
  const matches = found.filter((entry) => entry !== undefined).map((entry) => ({ entry, below: belowOf(files, entry) }));
  if (matches.length === 0) throw new Refusal(400, `COPY failed: file not found in build context or excluded by .dockerignore: stat ${printable(path)}: file does not exist`);
  return matches;
}

function fitting(files: ReadonlyMap<string, SpooledEntry>, pattern: string): readonly SpooledEntry[] {
  const fits = patternOf(pattern);
  return [...files.values()].filter(({ path }) => fits.test(path));
}

/** A directory that a tar has only in the paths of what is in it. */
function impliedDirectory(files: ReadonlyMap<string, SpooledEntry>, path: string): SpooledEntry | undefined {
  return [...files.keys()].some((one) => one.startsWith(`${path}/`)) ? directory(path) : undefined;
}

function directory(path: string): SpooledEntry {
  return { kind: "directory", path, mode: 0o755, uid: 0, gid: 0, mtime: new Date(0) };
}

function belowOf(files: ReadonlyMap<string, SpooledEntry>, { kind, path }: SpooledEntry): Match["below"] {
  if (kind !== "directory") return [];
  const prefix = path === "" ? "" : `${path}/`;
  return [...files.values()].filter((entry) => entry.path !== "" && entry.path !== path && entry.path.startsWith(prefix)).map((entry) => ({ path: entry.path.slice(prefix.length), entry }));
}
