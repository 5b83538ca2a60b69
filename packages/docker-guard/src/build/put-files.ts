import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, pack, type Pack } from "tar-stream";
import * as z from "zod";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import { printable, Refusal } from "../refusal.ts";
import { engineStream } from "../streams/engine-stream.ts";
import type { Spool } from "../streams/spool.ts";
import type { SpooledEntry } from "../streams/spool-tar.ts";

type Engine = Pick<Guard, "parts">;

/** A thing to put into a container: an entry of a spool, or text, under a path below a directory. */
export type Put = { readonly path: string } & ({ readonly entry: SpooledEntry } | { readonly text: string });

/** Who files belong to, and their modes; absent: as the entry has it. */
export interface Ownership {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number | undefined;
  /** Which bits of an entry's mode are kept. */
  readonly bits: number;
}

const DIRECTORY_BIT = 0x8000_0000;
const LINK_BIT = 0x0800_0000;
const Stat = z.looseObject({ mode: z.number(), linkTarget: z.string().default("") });

/** What a path of a container is, links followed by the engine and once here. */
export async function kindOf(guard: Engine, container: string, path: string): Promise<"directory" | "file" | "nothing"> {
  const found = await statOf(guard, container, path);
  if (found === undefined) return "nothing";
  if (found.mode >= DIRECTORY_BIT) return "directory";
  if ((found.mode & LINK_BIT) === 0 || found.linkTarget === "") return "file";
  const target = await statOf(guard, container, found.linkTarget);
  return target !== undefined && target.mode >= DIRECTORY_BIT ? "directory" : "file";
}

async function statOf({ parts: { engine } }: Engine, container: string, path: string): Promise<z.output<typeof Stat> | undefined> {
  const { status, headers } = await engine.call({ method: "HEAD", path: ["containers", container, "archive"], query: { path } });
  if (status !== 200) return undefined;
  return Stat.parse(JSON.parse(Buffer.from(headers["x-docker-container-path-stat"] ?? "", "base64").toString("utf8")));
}

/** Put things below a directory of a container, which is made with its parents where it is missing. */
export async function putFiles(
  guard: Engine,
  { container, directory, puts, ownership, spool }: { readonly container: string; readonly directory: string; readonly puts: readonly Put[]; readonly ownership: Ownership; readonly spool: Spool },
): Promise<void> {
  let there = directory;
  while (there !== "/" && (await kindOf(guard, container, there)) === "nothing") there = posix.dirname(there);
  if ((await kindOf(guard, container, there)) === "file") throw new Refusal(400, `${printable(there)} is a file, and no directory`);
  const missing = posix.relative(there, directory);
  const tar = pack();
  const sending = sendAll(tar, { missing, puts, ownership, spool });
  sending.catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  const answer = await guard.parts.engine.call({ method: "PUT", path: ["containers", container, "archive"], query: { path: there }, body: { tar: Readable.from(tar) } });
  if (answer.status !== 200) throw refusalOf(answer, `the files could not be put into ${printable(directory)}`);
  await sending;
}

async function sendAll(
  tar: Pack,
  { missing, puts, ownership, spool }: { readonly missing: string; readonly puts: readonly Put[]; readonly ownership: Ownership; readonly spool: Spool },
): Promise<void> {
  const parents = missing === "" ? [] : missing.split("/").map((_, at, all) => all.slice(0, at + 1).join("/"));
  const { uid = 0, gid = 0 } = ownership;
  for (const name of parents) tar.entry({ name, type: "directory", mode: 0o755, uid, gid });
  for (const put of puts) await sendOne(tar, { put: { ...put, path: posix.join(missing, put.path) }, ownership, spool });
  tar.finalize();
}

async function sendOne(tar: Pack, { put, ownership, spool }: { readonly put: Put; readonly ownership: Ownership; readonly spool: Spool }): Promise<void> {
  if ("text" in put) {
    const { uid = 0, gid = 0, mode = 0o644 } = ownership;
    tar.entry({ name: put.path, mode, uid, gid }, put.text);
    return;
  }
  const { entry } = put;
  const header = headerOf(put.path, entry, ownership);
  if (entry.kind === "link") throw new Error("a link that was not made a file");
  if (entry.kind === "directory") tar.entry({ ...header, type: "directory" });
  else if (entry.kind === "symlink") tar.entry({ ...header, type: "symlink", linkname: entry.target });
  else if (entry.piece.size === 0) tar.entry(header, "");
  else await pipeline(spool.read(entry.piece), tar.entry({ ...header, size: entry.piece.size }));
}

function headerOf(name: string, entry: SpooledEntry, { mode, uid, gid, bits }: Ownership) {
  return { name, mode: mode ?? modeOf(entry, bits), uid: uid ?? entry.uid, gid: gid ?? entry.gid, mtime: entry.mtime };
}

function modeOf({ kind, mode }: SpooledEntry, bits: number): number {
  const kept = mode & bits;
  // No permission at all is taken for "not said" by the library.
  return kept === 0 ? (kind === "directory" ? 0o500 : 0o400) : kept;
}

/** Numbers of USER:GROUP as a container's own files have them; without a group the user's own. @throws Refusal 400 */
export async function ownerIds(guard: Guard, container: string, owner: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const [user = "", group] = owner.split(":");
  const account = await rowOf(guard, container, { path: "/etc/passwd", name: user });
  const uid = Number(account[2]);
  if (group === undefined) return { uid, gid: Number(account[3] ?? account[2]) };
  return { uid, gid: Number((await rowOf(guard, container, { path: "/etc/group", name: group }))[2]) };
}

/** The row of a name; a number stands for itself. */
async function rowOf(guard: Guard, container: string, { path, name }: { readonly path: string; readonly name: string }): Promise<readonly string[]> {
  if (/^\d{1,9}$/.test(name)) return [name, "", name];
  const found = (await tableOf(guard, container, path)).find(([one]) => one === name);
  if (found === undefined || !/^\d{1,9}$/.test(found[2] ?? "")) throw new Refusal(400, `unable to convert uid/gid chown string to host mapping: ${path} of the image has no ${printable(name)}`);
  return found;
}

const MAX_TABLE_BYTES = 1 << 20;

async function tableOf(guard: Guard, container: string, path: string): Promise<readonly (readonly string[])[]> {
  if ((await kindOf(guard, container, path)) !== "file") return [];
  const { body } = await engineStream(guard, { method: "GET", path: ["containers", container, "archive"], query: { path } }, "the image's accounts could not be read");
  const reader = extract();
  body.on("error", (error) => reader.destroy(error)).pipe(reader);
  let text = "";
  for await (const entry of reader) for await (const piece of Readable.from(entry) as AsyncIterable<Buffer>) text = `${text}${piece.toString("utf8")}`.slice(0, MAX_TABLE_BYTES);
  return text.split("\n").map((line) => line.split(":"));
}
