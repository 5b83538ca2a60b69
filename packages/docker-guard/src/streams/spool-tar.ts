import { Readable } from "node:stream";
import type { Header } from "tar-stream";
import { printable, Refusal } from "../refusal.ts";
import type { Piece, Spool } from "./spool.ts";
import { readTar } from "./read-tar.ts";

const MAX_ENTRIES = 200_000;
/** Of all paths and targets together, which are kept in memory until the tar is done with. */
const MAX_NAMED = 64 << 20;
const MODE_BITS = 0o7777;

/** One thing in a tar, with its contents in a spool. `path` is relative, without dot segments; "" is the root. */
export type SpooledEntry = { readonly path: string; readonly mode: number; readonly uid: number; readonly gid: number; readonly mtime: Date } & (
  | { readonly kind: "file"; readonly piece: Piece }
  | { readonly kind: "directory" }
  | { readonly kind: "symlink"; readonly target: string }
  /** Another name of the file at `target`, relative to the root. */
  | { readonly kind: "link"; readonly target: string }
);

/** What to do with devices and pipes: in the root of an image they mean nothing, because a container's /dev is the engine's. */
export type Devices = "refuse" | "skip";

/**
 * Read a tar, whose pieces nobody else has, into a spool and a list of what is in it. Later entries of a path replace earlier ones.
 *
 * @throws Refusal 400 for what is no tar, leaves its root, or is neither file, directory nor link
 */
export async function spoolTar(input: Readable, spool: Spool, devices: Devices = "refuse"): Promise<ReadonlyMap<string, SpooledEntry>> {
  const found = new Map<string, SpooledEntry>();
  const reader = readTar(input);
  let entries = 0;
  let named = 0;
  try {
    for await (const entry of reader) {
      entries += 1;
      if (entries > MAX_ENTRIES) throw new Refusal(413, `a tar has at most ${MAX_ENTRIES} entries here`);
      const piece = await spool.append(entry);
      const taken = entryOf(entry.header, { piece, devices });
      if (taken === undefined) continue;
      named += taken.path.length + ("target" in taken ? taken.target.length : 0);
      if (named > MAX_NAMED) throw new Refusal(413, `the names in a tar have at most ${MAX_NAMED} characters here`);
      found.set(taken.path, taken);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, "what is sent is no plain tar, or it ends too early");
  } finally {
    reader.destroy();
    // What nobody reads any more must hold back nobody who sends it.
    input.destroy();
  }
  return found;
}

function entryOf({ name, type, mode, uid, gid, mtime, linkname }: Header, { piece, devices }: { readonly piece: Piece; readonly devices: Devices }): SpooledEntry | undefined {
  const common = { path: relativePath(name), mode: mode & MODE_BITS, uid, gid, mtime };
  if (type === "file" || type === "contiguous-file") return { ...common, kind: "file", piece };
  if (type === "directory") return { ...common, kind: "directory" };
  if (type === "symlink") return { ...common, kind: "symlink", target: linkname };
  if (type === "link") return { ...common, kind: "link", target: relativePath(linkname) };
  if (devices === "skip") return undefined;
  throw new Refusal(400, `${printable(name)} is neither a file nor a directory nor a link`);
}

/** A path of a tar below its root. @throws Refusal 400 when it leaves it */
export function relativePath(name: string): string {
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw new Refusal(400, `the path ${printable(name)} leaves its tar`);
  if (name.includes("\0")) throw new Refusal(400, "a path in a tar has a zero byte");
  return segments.join("/");
}
