import { once } from "node:events";
import { Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import { CREDENTIAL_BYTES, type LeaveOut } from "@sbx/core";
import { extract, pack, type Header, type Pack } from "tar-stream";

/** A home that holds more is none of a template. */
const MOST_BYTES = 16 * 1024 ** 3;
const MOST_ENTRIES = 1_000_000;
/** Bits of a mode that give no rights to whoever runs the file. */
const PLAIN_BITS = 0o777;
/** In place of no permission at all, which the library takes for "not said". */
const OWNER_READS = 0o400;
/** The user `agent` of every image. */
const AGENT = 1000;

/** A build's context with a home in it, while the home is read. */
export interface HomeContext {
  readonly context: Readable;
  /** What stayed behind: the uppermost paths, known when the context has been read. */
  readonly leftOut: () => readonly string[];
}

interface Work {
  readonly tar: Readable;
  readonly leaveOut: LeaveOut;
  /** Further files of the context, by name. */
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * Write the tar of a home anew as a build's context, below `home/`: files, directories and links that stay within the home or
 * are absolute; owned by the user `agent`, without setuid, setgid and sticky bits. Whatever else an entry is, it stays behind.
 */
export function homeContext({ tar, leaveOut, texts }: Work): HomeContext {
  const out = pack();
  const left = new Set<string>();
  const note = (path: string): void => {
    if (!liesIn(path, left)) left.add(path);
  };
  void copyAll({ tar, leaveOut, texts }, out, note).then(
    () => {
      out.finalize();
    },
    (error: unknown) => {
      tar.destroy();
      out.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return { context: Readable.from(out), leftOut: () => [...left].toSorted() };
}

async function copyAll({ tar, leaveOut, texts }: Work, out: Pack, note: (path: string) => void): Promise<void> {
  for (const [name, text] of Object.entries(texts)) out.entry({ name, mtime: new Date(0), mode: 0o644 }, text);
  out.entry({ name: "home", type: "directory", mode: 0o755, uid: AGENT, gid: AGENT, mtime: new Date(0) });
  const links = new Set<string>();
  const reader = extract();
  let bytes = 0;
  let entries = 0;
  for await (const entry of tar.on("error", (error) => reader.destroy(error)).pipe(reader)) {
    const { header } = entry;
    bytes += header.size;
    entries += 1;
    if (bytes > MOST_BYTES || entries > MOST_ENTRIES) throw tooMuch();
    const taken = takenOf(header, { leaveOut, links });
    if (typeof taken === "string" || !(await copyEntry(entry, taken, out))) note(typeof taken === "string" ? taken : taken.path);
    else if (taken.kind === "symlink") links.add(taken.path);
    entry.resume();
  }
}

interface Taken {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly isSecret: (head: string) => boolean;
}

/** What of an entry is taken, or the path that stays behind. */
function takenOf(header: Header, { leaveOut, links }: { readonly leaveOut: LeaveOut; readonly links: ReadonlySet<string> }): Taken | string {
  const path = plainPath(header.name);
  const kind = kindOf(header);
  if (path === undefined) return header.name;
  if (kind === undefined || liesIn(path, links) || (kind === "symlink" && leads(path, header.linkname) === "out")) return path;
  const decided = leaveOut(path);
  if (decided === true) return path;
  return { path, kind, isSecret: decided === false ? () => false : decided };
}

/** Pass an entry on; whether it was. */
async function copyEntry(source: AsyncIterable<unknown> & { readonly header: Header }, { path, kind, isSecret }: Taken, out: Pack): Promise<boolean> {
  const { header } = source;
  const mode = header.mode & PLAIN_BITS;
  const common = { name: `home/${path}`, mtime: header.mtime, uid: AGENT, gid: AGENT, mode: mode === 0 ? OWNER_READS : mode };
  if (kind === "file" && header.size > 0) return await copyFile(source, { out, header: { ...common, size: header.size }, isSecret });
  if (path !== "") out.entry({ ...common, type: kind, size: 0, ...(kind === "symlink" ? { linkname: header.linkname } : {}) }, "");
  return true;
}

interface FileCopy {
  readonly out: Pack;
  readonly header: Parameters<Pack["entry"]>[0];
  readonly isSecret: (head: string) => boolean;
}

type Sink = ReturnType<Pack["entry"]>;

/** Pass a file on once its first bytes are seen; whether it was. It is read to its end in any case. */
async function copyFile(source: AsyncIterable<unknown>, { out, header, isSecret }: FileCopy): Promise<boolean> {
  const pieces = source[Symbol.asyncIterator]();
  const head = await headOf(pieces);
  const dropped = isSecret(Buffer.concat(head).subarray(0, CREDENTIAL_BYTES).toString("utf8"));
  const sink = dropped ? undefined : out.entry(header);
  const ended = sink === undefined ? undefined : once(sink, "close");
  // It may fail before it is awaited.
  ended?.catch(() => undefined);
  if (sink !== undefined) for (const piece of head) await passOn(piece, sink);
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) if (sink !== undefined) await passOn(bufferOf(next.value), sink);
  sink?.end(null);
  await ended;
  return !dropped;
}

/** The first pieces, together as long as what is looked at, or all of them. */
async function headOf(pieces: AsyncIterator<unknown>): Promise<readonly Buffer[]> {
  const head: Buffer[] = [];
  for (let size = 0; size < CREDENTIAL_BYTES;) {
    const next = await pieces.next();
    if (next.done === true) break;
    const piece = bufferOf(next.value);
    head.push(piece);
    size += piece.length;
  }
  return head;
}

function bufferOf(piece: unknown): Buffer {
  if (!(piece instanceof Uint8Array)) throw new Error("a tar gives bytes");
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

async function passOn(chunk: Buffer, sink: Sink): Promise<void> {
  if (chunk.length > 0 && !sink.write(chunk)) await once(sink, "drain");
}

/** A path below the home, `""` for the home itself; `undefined` for what is none. */
function plainPath(name: string): string | undefined {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return name.startsWith("/") || parts.includes("..") || name.includes("\0") ? undefined : parts.join("/");
}

function kindOf({ type }: Header): "file" | "directory" | "symlink" | undefined {
  return type === "file" || type === "directory" || type === "symlink" ? type : undefined;
}

/** Whether a path is one of these places, or below one: by its own length, however many places there are. */
function liesIn(path: string, places: ReadonlySet<string>): boolean {
  const parts = path.split("/");
  return parts.some((_part, at) => places.has(parts.slice(0, at + 1).join("/")));
}

/** Where a link leads; one that climbs out of the home would mean another file in the image. */
function leads(path: string, target: string): "within" | "out" {
  if (target === "" || target.includes("\0")) return "out";
  if (target.startsWith("/")) return "within";
  let depth = path.split("/").length - 1;
  for (const part of target.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return "out";
  }
  return "within";
}

function tooMuch(): AppError {
  return new AppError("ARCHIVE_REFUSED", { message: `More than ${MOST_BYTES / 1024 ** 3} GiB or ${MOST_ENTRIES} files of the home are named`, fix: "Name fewer paths of the home." });
}
