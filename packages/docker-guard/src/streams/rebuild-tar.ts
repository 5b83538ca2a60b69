import { once } from "node:events";
import { Readable } from "node:stream";
import { pack, type Header, type Pack } from "tar-stream";
import { printable, Refusal } from "../refusal.ts";
import { drained } from "./drained.ts";
import type { Devices } from "./spool-tar.ts";
import { readTar } from "./read-tar.ts";

const MAX_ENTRIES = 100_000;
const MAX_BYTES = 4 * 2 ** 30;
/** Of a mode what says who may read, write and run: no setuid, setgid or sticky bit. */
const PERMISSIONS = 0o777;
const DEVICES: ReadonlySet<Header["type"]> = new Set(["block-device", "character-device", "fifo"] as const);
/** In place of no permission at all, which the library takes for "not said" and makes readable by everybody. */
const OWNER_READS = 0o400;

/**
 * Read a tar and write another one with the same files, directories and links.
 *
 * The engine unpacks as root, on the host, into whatever is mounted there. So devices and sockets are refused, bits that
 * make a program run as somebody else are taken away unless `bits` has them (a layer of an image, which stays one), and of extended headers nothing is passed on, where capabilities
 * of files would be.
 *
 * `done` rejects with a Refusal 400 for what is no such tar; the output then ends with an error.
 */
export function rebuildTar(
  input: Readable,
  { bits = PERMISSIONS, devices = "refuse" }: { readonly bits?: number; readonly devices?: Devices } = {},
): { readonly output: Readable; readonly done: Promise<undefined> } {
  const output = pack();
  const done = copy(input, output, { bits, devices }).catch((error: unknown): never => {
    const refusal = error instanceof Refusal ? error : new Refusal(400, "the files are no plain tar, or it ends too early");
    output.destroy(refusal);
    // What nobody reads any more must hold back nobody who sends it.
    input.destroy();
    throw refusal;
  });
  // Its failure is met where it is awaited, or in the engine's call that the output ends.
  done.catch(() => undefined);
  return { output: Readable.from(output), done };
}

async function copy(input: Readable, output: Pack, rules: { readonly bits: number; readonly devices: Devices }): Promise<undefined> {
  const reader = readTar(input);
  let entries = 0;
  let bytes = 0;
  for await (const entry of reader) {
    if (rules.devices === "skip" && DEVICES.has(entry.header.type)) {
      entry.resume();
      continue;
    }
    const header = cleaned(entry.header, rules.bits);
    entries += 1;
    bytes += header.size ?? 0;
    if (entries > MAX_ENTRIES || bytes > MAX_BYTES) throw new Refusal(413, "the tar has more than 100000 entries or 4 GiB");
    if (header.type === "file" && (header.size ?? 0) > 0) {
      await passOn(entry, output.entry(header));
      continue;
    }
    output.entry(header, "");
    entry.resume();
  }
  output.finalize();
  return undefined;
}

/** Pass each piece on as it came: every further stream on the way would wait for it once more. */
async function passOn(source: AsyncIterable<unknown>, sink: ReturnType<Pack["entry"]>): Promise<void> {
  const ended = once(sink, "close");
  // It may fail before it is awaited.
  ended.catch(() => undefined);
  for await (const bytes of source) if (!sink.write(bytes)) await drained(sink);
  sink.end(null);
  await ended;
}

function cleaned({ name, type, linkname, size, mode, uid, gid, mtime }: Header, bits: number): Parameters<Pack["entry"]>[0] {
  const kept = { name, mode: (mode & bits) === 0 ? OWNER_READS : mode & bits, uid, gid, mtime };
  switch (type) {
    case "file":
    case "contiguous-file":
      return { ...kept, type: "file", size };
    case "directory":
      return { ...kept, type: "directory", size: 0 };
    case "symlink":
    case "link":
      return { ...kept, type, size: 0, linkname };
    case "block-device":
    case "character-device":
    case "fifo":
    default:
      throw new Refusal(400, `${printable(name)} is neither a file nor a directory nor a link; nothing else is put into a container`);
  }
}
