import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import fc from "fast-check";
import { pack } from "tar-stream";
import { describe, it } from "vitest";
import { plainTar } from "../../src/streams/plain-tar.ts";
import { rebuildTar } from "../../src/streams/rebuild-tar.ts";
import { spoolTar } from "../../src/streams/spool-tar.ts";
import { Spool } from "../../src/streams/spool.ts";

const MIB = 1 << 20;

/** A header as it stands in a tar; its size is as it is written there. */
function block(kind: string, size: string | Buffer, name = "f"): Buffer {
  const bytes = Buffer.alloc(512);
  for (const [at, text] of [
    [0, name],
    [100, "0000644\0"],
    [108, "0000000\0"],
    [116, "0000000\0"],
    [136, "00000000000\0"],
    [148, "        "],
    [156, kind],
    [257, "ustar\x0000"],
  ] as const)
    bytes.write(text, at, "latin1");
  Buffer.from(size).copy(bytes, 124);
  bytes.write(
    `${bytes
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return bytes;
}

const octal = (size: number): string => `${size.toString(8).padStart(11, "0")}\0`;

function record(key: string, value: string): string {
  const rest = Buffer.byteLength(key) + Buffer.byteLength(value) + 3;
  const digits = String(rest + String(rest).length).length;
  return `${rest + digits} ${key}=${value}\n`;
}

/** One member: a header and its content, padded. */
function member(kind: string, content: string | Buffer, { size = octal(Buffer.byteLength(content)), name = "f" }: { readonly size?: string | Buffer; readonly name?: string } = {}): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([block(kind, size, name), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** A copy whose memory is no other's: what was taken of it is given back. */
function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.from(new ArrayBuffer(bytes.length));
  bytes.copy(own);
  return own;
}

/** What was taken of a tar, or why it was refused. */
async function read(input: Readable): Promise<readonly string[] | string> {
  await using spool = await Spool.open(tmpdir(), 64 * MIB);
  return await spoolTar(input, spool).then(
    (found) => [...found.values()].map((entry) => `${entry.path} ${entry.kind === "file" ? entry.piece.size : entry.kind}`),
    (error: unknown) => String(error),
  );
}

const END = Buffer.alloc(1024);
const readAll = (...members: readonly Buffer[]) => read(Readable.from([Buffer.concat([...members, END])], { objectMode: false }));
/** More words than any entry has: to bring them into the next entry's takes seconds. */
const manyWords = (bytes: number): string =>
  Array.from({ length: bytes / 10 }, (_, at) => record(`k${at.toString(36)}`, ""))
    .join("")
    .slice(0, bytes);
const HUGE = member("g", manyWords(MIB));

describe("the headers of a tar that an agent sends", () => {
  it.for([
    ["words for all entries", HUGE],
    ["words for one", member("x", manyWords(MIB))],
    ["a name by words", member("x", record("path", "n".repeat(5000)))],
    ["a target by words", member("x", record("linkpath", "n".repeat(5000)))],
    ["a long name", member("L", "n".repeat(5000))],
    ["a long target", member("K", "n".repeat(5000))],
    ["nothing, which a reader may pass over or not", member("x", "")],
  ] as const)("are refused before they are read when they have too much: %s", async ([, header], { expect }) => {
    expect(await readAll(header, member("0", "content"))).toMatch(/too long/);
    const { output, done } = rebuildTar(Readable.from([Buffer.concat([header, member("0", "content"), END])], { objectMode: false }));
    output.on("error", () => undefined).resume();
    await expect(done).rejects.toThrow(/too long/);
  });

  it("are refused when they cannot be read in one way only", async ({ expect }) => {
    for (const words of ["5 a\n", "7 a=b\n", "6 a=b\n7", "06 a=b\n", "-6 a=b\n", record("size", "-1"), record("size", "0x10"), record("size", "1e3"), record("size", "")])
      expect(await readAll(member("x", words), member("0", "content")), words).toMatch(/no plain tar/);
    for (const size of ["0000012\x08\0", "9", Buffer.from([0xff, ...Array<number>(11).fill(0)]), Buffer.from([0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])])
      expect(await readAll(member("0", "content", { size }))).toMatch(/no plain tar/);
  });

  it("are found where they are, whatever says how long what lies before them is", async ({ expect }) => {
    const long = Buffer.alloc(12);
    [long[0], long[11]] = [0x80, 7];
    expect(await readAll(member("0", "content", { size: long }), HUGE)).toMatch(/too long/);
    expect(await readAll(member("0", "content", { size: "7 " }), HUGE)).toMatch(/too long/);
    expect(await readAll(member("x", record("size", "0")), block("0", octal(HUGE.length)), HUGE), "it would lie in a file that is empty").toMatch(/too long/);
    expect(await readAll(member("g", record("size", "0")), member("x", record("a", "b")), block("0", octal(HUGE.length)), HUGE), "said for all").toMatch(/too long/);
    expect(await readAll(block("5", octal(HUGE.length), "d"), HUGE), "a directory has no content").toMatch(/too long/);
    const inside = member("x", record("size", String(HUGE.length)));
    expect(await readAll(inside, block("0", octal(0)), HUGE), "in a file it is content").toEqual([`f ${HUGE.length}`]);
  });

  it("do not end a tar of nothing but empty blocks", { timeout: 60_000 }, async ({ expect }) => {
    let sent = 0;
    const nothing = new Readable({
      read() {
        this.push(sent++ < 200 ? Buffer.alloc(MIB) : null);
      },
    });
    expect(await read(await plainTar(nothing.pipe(createGzip({ level: 1 }))))).toMatch(/more than 64 MiB/);
  });

  it("have names for which there is memory together", async ({ expect }) => {
    const member4k = (at: number): Buffer => Buffer.concat([member("x", record("path", `${at}/${"n".repeat(4000)}`)), member("2", "", { name: "f" })]);
    const tar = gzipSync(Buffer.concat([member("g", record("linkpath", "t".repeat(4000))), ...Array.from({ length: 9000 }, (_, at) => member4k(at)), END]), { level: 1 });
    expect(await read(await plainTar(Readable.from([tar])))).toMatch(/the names in a tar/);
  });

  it("pass when they are those of a program that packs, wherever its bytes are cut", async ({ expect }) => {
    const entry = fc.record({
      name: fc.stringMatching(/^[a-zé]{1,60}(?:\/[a-z]{1,120}){0,3}$/),
      content: fc.string({ maxLength: 1500 }),
      words: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string({ maxLength: 40 }), { maxKeys: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { maxLength: 6, selector: ({ name }) => name }), fc.integer({ min: 1, max: 3000 }), async (entries, cut) => {
        const tar = pack();
        for (const { name, content, words } of entries) tar.entry({ name, pax: words }, content);
        tar.finalize();
        const pieces: Buffer[] = [];
        for await (const piece of tar) pieces.push(piece as Buffer);
        const whole = Buffer.concat(pieces);
        const cuts = Array.from({ length: Math.ceil(whole.length / cut) }, (_, at) => ownBytes(whole.subarray(at * cut, (at + 1) * cut)));
        expect(await read(Readable.from(cuts, { objectMode: false }))).toEqual(entries.map(({ name, content }) => `${name} ${Buffer.byteLength(content)}`));
      }),
      { numRuns: 60 },
    );
  });
});
