import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import fc from "fast-check";
import { extract, pack, type Header } from "tar-stream";
import { describe, it } from "vitest";
import { gathered } from "../../src/streams/gathered.ts";
import { rebuildTar } from "../../src/streams/rebuild-tar.ts";
import { sendSpent } from "../../src/streams/send-spent.ts";

type Entry = Partial<Header> & Pick<Header, "name">;

function tarOf(entries: readonly (readonly [Entry, string])[]): Readable {
  const tar = pack();
  for (const [header, text] of entries) tar.entry(header, text);
  tar.finalize();
  return Readable.from(tar);
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

async function read(input: Readable): Promise<readonly (Header & { readonly text: string })[]> {
  const { output, done } = rebuildTar(input);
  const reader = extract();
  output.on("error", (error) => reader.destroy(error)).pipe(reader);
  const found: (Header & { readonly text: string })[] = [];
  for await (const entry of reader) {
    let text = "";
    for await (const piece of entry) text += String(piece);
    found.push({ ...entry.header, text });
  }
  await done;
  return found;
}

describe("rebuildTar", () => {
  it("keeps files, directories and links with their contents", async ({ expect }) => {
    const found = await read(
      tarOf([
        [{ name: "d", type: "directory", mode: 0o755 }, ""],
        [{ name: "d/f", mode: 0o640, uid: 5, gid: 6 }, "hello"],
        [{ name: "d/empty" }, ""],
        [{ name: "l", type: "symlink", linkname: "d/f" }, ""],
        [{ name: "h", type: "link", linkname: "d/f" }, ""],
      ]),
    );
    expect(found.map(({ name, type, mode, text, linkname, uid, gid }) => ({ name, type, mode, text, linkname, uid, gid }))).toEqual([
      { name: "d", type: "directory", mode: 0o755, text: "", linkname: null, uid: 0, gid: 0 },
      { name: "d/f", type: "file", mode: 0o640, text: "hello", linkname: null, uid: 5, gid: 6 },
      { name: "d/empty", type: "file", mode: 0o644, text: "", linkname: null, uid: 0, gid: 0 },
      { name: "l", type: "symlink", mode: 0o644, text: "", linkname: "d/f", uid: 0, gid: 0 },
      { name: "h", type: "link", mode: 0o644, text: "", linkname: "d/f", uid: 0, gid: 0 },
    ]);
  });

  it("takes setuid, setgid and sticky bits away, whatever the mode", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 0o7777 }), async (mode) => {
        const [file] = await read(tarOf([[{ name: "f", mode }, "x"]]));
        expect(file?.mode).toBe((mode & 0o777) === 0 ? 0o400 : mode & 0o777);
      }),
      { numRuns: 30 },
    );
  });

  it("passes on nothing of extended headers, where capabilities of files are", async ({ expect }) => {
    const [file] = await read(tarOf([[{ name: "f", pax: { "SCHILY.xattr.security.capability": "\u0001\0\0\u0002" } }, "x"]]));
    expect(JSON.stringify(file?.pax ?? {})).not.toContain("xattr");
  });

  it.for(["block-device", "character-device", "fifo"] as const)("refuses a %s", async (type, { expect }) => {
    await expect(read(tarOf([[{ name: "dev", type, devmajor: 8, devminor: 0 }, ""]]))).rejects.toThrow(/neither a file nor a directory nor a link/);
  });

  it("lets go of what follows an entry that is refused, so that it can be thrown away", async ({ expect }) => {
    const tar = pack();
    tar.entry({ name: "dev", type: "block-device", devmajor: 8, devminor: 0 });
    tar.entry({ name: "f" }, Buffer.alloc(8 << 20, 65));
    tar.finalize();
    const sent = Readable.from(tar, { objectMode: false });
    const { output, done } = rebuildTar(gathered(sent));
    output.on("error", () => undefined).resume();
    await expect(done).rejects.toThrow(/neither a file nor a directory nor a link/);
    sent.resume();
    await once(sent, "end");
  });

  it("writes the same whatever pieces it comes in, and however they are freed on their way", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 70_000 }), async (sizes, cut) => {
        const files = sizes.map((size, at): readonly [string, string] => [`f${at}`, String.fromCodePoint(97 + at).repeat(size)]);
        const whole = await bytesOf(tarOf(files.map(([name, text]) => [{ name }, text])));
        const pieces = Array.from({ length: Math.ceil(whole.length / cut) }, (_, at) => Buffer.from(whole.subarray(at * cut, (at + 1) * cut)));
        const sent: Buffer[] = [];
        const sink = new Writable({
          highWaterMark: 1,
          write: (piece: Buffer, _encoding, next) => {
            sent.push(Buffer.from(piece));
            setImmediate(next);
          },
        });
        const { output, done } = rebuildTar(gathered(Readable.from(pieces, { objectMode: false })));
        await sendSpent(output, sink);
        await done;
        const found: (readonly [string, string])[] = [];
        const reader = extract();
        reader.end(Buffer.concat(sent));
        for await (const entry of reader) found.push([entry.header.name, (await bytesOf(entry)).toString()]);
        expect(found).toEqual(files);
      }),
      { numRuns: 40 },
    );
  });

  it.for([
    ["what is no tar", Buffer.alloc(2048, 65)],
    ["a tar that is cut", Buffer.alloc(300)],
  ] as const)("refuses %s", async ([, bytes], { expect }) => {
    await expect(read(Readable.from([bytes]))).rejects.toThrow(/no plain tar/);
  });
});
