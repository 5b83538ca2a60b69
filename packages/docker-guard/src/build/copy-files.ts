import { createHash } from "node:crypto";
import { posix } from "node:path";
import { setImmediate as othersTurn } from "node:timers/promises";
import type { Readable } from "node:stream";
import type { Guard } from "../guard.ts";
import { printable, Refusal } from "../refusal.ts";
import { engineStream } from "../streams/engine-stream.ts";
import { isGzip, plainTar } from "../streams/plain-tar.ts";
import type { Spool } from "../streams/spool.ts";
import { spoolTar, type SpooledEntry } from "../streams/spool-tar.ts";
import { openStill } from "./build-container.ts";
import { findSources, type CopyPlan, type Match } from "./copy-plan.ts";
import { kindOf, ownerIds, putFiles, type Put } from "./put-files.ts";
import type { ImageFacts } from "../engine/engine-answers.ts";

/** What is copied, and a hash that says whether it is the same as before. */
export interface Found {
  readonly matches: readonly Match[];
  readonly hash: string;
  /** From an image: owners and all bits of modes are kept. */
  readonly fromImage: boolean;
}

/** Where files of COPY and ADD come from. */
export interface CopySource {
  readonly spool: Spool;
  find(wanted: Pick<CopyPlan, "sources" | "from"> & { readonly unpacks: boolean }): Promise<Found>;
}

const MAX_COPIED = 400_000;
const CONTEXT_BITS = 0o777;
const IMAGE_BITS = 0o7777;
/** Beginnings of files packed in ways that are not unpacked here. */
const OTHER_PACKINGS: readonly (readonly [string, readonly number[]])[] = [
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];
const TAR_MARK = { offset: 257, text: "ustar" };

/** Files of the build's context. */
export async function findInContext(files: ReadonlyMap<string, SpooledEntry>, spool: Spool, { sources, unpacks }: { readonly sources: readonly string[]; readonly unpacks: boolean }): Promise<Found> {
  const found: Match[] = [];
  for (const source of sources) {
    for (const match of findSources(files, source)) found.push(match);
    refuseMany(found);
    await othersTurn();
  }
  const matches = resolved(found, files);
  const opened = unpacks ? await Promise.all(matches.map((match) => unpacked(match, spool))) : matches;
  return { matches: opened, hash: hashOf(opened), fromImage: false };
}

/** The same directory may be named often. */
function refuseMany(matches: readonly Match[]): void {
  if (matches.reduce((sum, { below }) => sum + 1 + below.length, 0) > MAX_COPIED) throw new Refusal(413, `at most ${MAX_COPIED} files are copied in one step here`);
}

/** Files of an image, or of an earlier stage. Its files are read through a container that never runs. */
export async function findInImage(guard: Guard, image: ImageFacts, { spool, sources }: { readonly spool: Spool; readonly sources: readonly string[] }): Promise<Found> {
  await using container = await openStill(guard, image, "/");
  const matches: Match[] = [];
  for (const source of sources) {
    const path = posix.resolve("/", source);
    // A pattern is looked for below the directory that has none in its name.
    const fixed = /[*?[]/.test(path) ? posix.dirname(path.slice(0, path.search(/[*?[]/)).concat("x")) : path;
    const { body } = await engineStream(
      guard,
      { method: "GET", path: ["containers", container.id, "archive"], query: { path: fixed === "/" ? "/." : fixed } },
      `COPY failed: ${printable(path)} is not in the image`,
    );
    const files = rooted(await spoolTar(body, spool, "skip"), fixed);
    for (const match of resolved(findSources(files, path), files)) matches.push(match);
    refuseMany(matches);
  }
  return { matches, hash: hashOf([image.Id, sources]), fromImage: true };
}

/** The engine names what it gives by the last part of the path. */
function rooted(files: ReadonlyMap<string, SpooledEntry>, path: string): ReadonlyMap<string, SpooledEntry> {
  const parent = path === "/" ? "" : posix.dirname(path).slice(1);
  const moved = (one: string) => posix.join(parent, one).replace(/^\.$/, "");
  return new Map([...files.values()].map((entry) => [moved(entry.path), { ...entry, path: moved(entry.path), ...(entry.kind === "link" ? { target: moved(entry.target) } : {}) }]));
}

/** A second name of a file is a file of its own once it is copied. @throws Refusal 400 when the file is not among them */
function resolved(matches: readonly Match[], files: ReadonlyMap<string, SpooledEntry>): readonly Match[] {
  const whole = (entry: SpooledEntry): SpooledEntry => {
    if (entry.kind !== "link") return entry;
    const target = files.get(entry.target);
    if (target?.kind !== "file") throw new Refusal(400, `${printable(entry.path)} is another name of a file that is not there`);
    return { ...target, path: entry.path };
  };
  return matches.map(({ entry, below }) => ({ entry: whole(entry), below: below.map((one) => ({ path: one.path, entry: whole(one.entry) })) }));
}

/** ADD unpacks a tar, whether packed by gzip or not; its contents stand for it. */
async function unpacked(match: Match, spool: Spool): Promise<Match> {
  const { entry } = match;
  if (entry.kind !== "file" || entry.piece.size === 0) return match;
  const head = await spool.bytes({ offset: entry.piece.offset, size: Math.min(entry.piece.size, 512) });
  const other = OTHER_PACKINGS.find(([, bytes]) => bytes.every((byte, at) => head[at] === byte));
  if (other !== undefined) throw new Refusal(400, `ADD unpacks tar and tar.gz here, and ${printable(entry.path)} is packed by ${other[0]}: COPY it, and unpack it in a RUN step`);
  const isTar = head.subarray(TAR_MARK.offset, TAR_MARK.offset + TAR_MARK.text.length).toString("latin1") === TAR_MARK.text;
  if (!isTar && !isGzip(head)) return match;
  const files = await tried(await plainTar(spool.read(entry.piece)), spool);
  if (files === undefined) return match;
  const [root] = findSources(files, "");
  return root === undefined ? match : { entry: root.entry, below: resolved([root], files)[0]?.below ?? [] };
}

/** What gzip packed need not be a tar. */
async function tried(input: Readable, spool: Spool): Promise<ReadonlyMap<string, SpooledEntry> | undefined> {
  try {
    return await spoolTar(input, spool, "skip");
  } catch (error) {
    if (error instanceof Refusal && error.status === 400) return undefined;
    throw error;
  }
}

/** Put what was found into a container, as COPY says: contents of directories, files by their names or under the target's. */
export async function copyFiles(
  guard: Guard,
  {
    container,
    plan,
    found,
    documents,
    spool,
  }: { readonly container: string; readonly plan: CopyPlan; readonly found: Found; readonly documents: readonly { readonly name: string; readonly text: string }[]; readonly spool: Spool },
): Promise<void> {
  const ids = plan.owner === undefined ? undefined : await ownerIds(guard, container, plan.owner);
  const root = found.fromImage ? undefined : 0;
  const ownership = { uid: ids?.uid ?? root, gid: ids?.gid ?? root, mode: plan.mode, bits: found.fromImage ? IMAGE_BITS : CONTEXT_BITS };
  const target = plan.target.replace(/(?<=.)\/$/, "");
  const whole = found.matches.some(({ entry }) => entry.kind === "directory") || found.matches.length + documents.length > 1;
  const into = whole || plan.target.endsWith("/") || (await kindOf(guard, container, target)) === "directory";
  const directory = into ? target : posix.dirname(target);
  const named = (name: string) => (into ? posix.basename(name) : posix.basename(target));
  const puts: Put[] = [
    ...found.matches.flatMap(({ entry, below }) => (entry.kind === "directory" ? below : [{ path: named(entry.path), entry }])),
    ...documents.map(({ name, text }) => ({ path: named(name), text })),
  ];
  await putFiles(guard, { container, directory, puts, ownership, spool });
}

function hashOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(value, (key, one: unknown) => (key === "offset" || key === "mtime" ? undefined : one)))
    .digest("hex");
}
