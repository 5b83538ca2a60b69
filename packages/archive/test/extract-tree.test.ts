import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import fc from "fast-check";
import { describe, it } from "vitest";
import { extractTree, type ExtractTree } from "../src/index.ts";
import { bytesOf, tarOf, Yard, type TarEntry } from "./support.ts";

function openYard(): Yard {
  return new Yard((directory) => {
    mkdirSync(directory);
    writeFileSync(path.join(directory, "keep"), "as it was");
    return directory;
  });
}

async function unpack(yard: Yard, entries: readonly TarEntry[] | Readable, more: Partial<ExtractTree> = {}) {
  using into = yard.held();
  return await extractTree({ source: Readable.isReadable(entries as Readable) ? (entries as Readable) : tarOf(entries as readonly TarEntry[]), into, signal: new AbortController().signal, ...more });
}

const UNTOUCHED = { keep: "as it was" };

describe("a tar stream that is unpacked", () => {
  it("gives files, directories and links that stay within", async ({ expect }) => {
    using yard = openYard();
    const report = await unpack(yard, [
      { name: "a/", type: "directory", mode: 0o755 },
      { name: "a/b/c.txt", content: "hello", mode: 0o644 },
      { name: "a/l", type: "symlink", linkname: "b/c.txt" },
      { name: "a/b/up", type: "symlink", linkname: "../b" },
    ]);
    expect(yard.tree()).toEqual({ ...UNTOUCHED, a: "/", "a/b": "/", "a/b/c.txt": "hello", "a/b/up": "-> ../b", "a/l": "-> b/c.txt" });
    expect(report).toEqual({ files: 1, directories: 2, links: 2, bytes: 5, leftOut: [] });
  });

  it("is called here as its receiver wants, and has no second root", async ({ expect }) => {
    using yard = openYard();
    const root = { expected: "app", name: "copy" };
    await unpack(yard, [{ name: "app/x", content: "1" }], { root });
    expect(yard.tree()).toMatchObject({ "copy/x": "1" });
    await expect(unpack(yard, [{ name: "other/x", content: "1" }], { root })).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(yard.tree()).not.toHaveProperty("other");
  });

  it("replaces a file and a link by what comes, and never writes through the link", async ({ expect }) => {
    using yard = openYard();
    symlinkSync(path.join(yard.outside, "keep"), path.join(yard.inside, "l"));
    await unpack(yard, [
      { name: "l", content: "new" },
      { name: "keep", content: "new too" },
    ]);
    expect(yard.tree()).toEqual({ l: "new", keep: "new too" });
    expect(yard.tree(yard.outside)).toEqual(UNTOUCHED);
  });
});

describe("a directory in a tar stream", () => {
  it("leaves one that was here already as private as it was", async ({ expect }) => {
    using yard = openYard();
    mkdirSync(path.join(yard.inside, "private"), { mode: 0o700 });
    await unpack(yard, [
      { name: "private/", type: "directory", mode: 0o777 },
      { name: "new/", type: "directory", mode: 0o755 },
    ]);
    expect(lstatSync(path.join(yard.inside, "private")).mode & 0o777).toBe(0o700);
    expect(lstatSync(path.join(yard.inside, "new")).mode & 0o777).toBe(0o755);
  });

  it("costs no descriptor once it is written, however many come", async ({ expect }) => {
    using yard = openYard();
    const before = readdirSync("/proc/self/fd").length;
    await unpack(
      yard,
      Array.from({ length: 300 }, (_, index) => ({ name: `d${String(index)}/`, type: "directory" as const, mode: 0o755 })),
    );
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 100);
  });
});

describe("an attack by a tar stream", () => {
  const refused: readonly (readonly [string, (yard: Yard) => readonly TarEntry[]])[] = [
    ["a name with ..", () => [{ name: "../outside/evil", content: "x" }]],
    ["a name with .. after a directory", () => [{ name: "a/../../outside/evil", content: "x" }]],
    ["an absolute name", (yard) => [{ name: path.join(yard.outside, "evil"), content: "x" }]],
    ["a hard link to a name with ..", () => [{ name: "h", type: "link", linkname: "../outside/keep" }]],
    ["a hard link to an absolute name", (yard) => [{ name: "h", type: "link", linkname: path.join(yard.outside, "keep") }]],
  ];
  it.for(refused)("that has %s ends it, and nothing is written", async ([, entries], { expect }) => {
    using yard = openYard();
    await expect(unpack(yard, entries(yard))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(yard.tree()).toEqual(UNTOUCHED);
    expect(yard.tree(yard.outside)).toEqual(UNTOUCHED);
  });

  const links: readonly (readonly [string, (yard: Yard) => string])[] = [
    ["absolute", (yard) => yard.outside],
    ["out by ..", () => "../outside"],
    ["down and out by ..", () => "a/../../outside"],
    ["out through a link to itself", () => "l/../../outside"],
  ];
  it.for(links)("by a link that is %s and a file through it writes neither", async ([, target], { expect }) => {
    using yard = openYard();
    const source = await bytesOf([
      { name: "l", type: "symlink", linkname: target(yard) },
      { name: "l/evil", content: "x" },
    ]);
    const report = await unpack(yard, Readable.from([source]));
    // The link was left out, so its name is a directory of its own.
    expect(report.leftOut).toHaveLength(1);
    expect(yard.tree()).toEqual({ ...UNTOUCHED, l: "/", "l/evil": "x" });
    expect(lstatSync(path.join(yard.inside, "l")).isSymbolicLink()).toBe(false);
    expect(yard.tree(yard.outside)).toEqual(UNTOUCHED);
  });

  it("by a file through a link that the stream made itself is refused", async ({ expect }) => {
    using yard = openYard();
    const entries: readonly TarEntry[] = [
      { name: "d/", type: "directory" },
      { name: "l", type: "symlink", linkname: "d" },
      { name: "l/evil", content: "x" },
    ];
    await expect(unpack(yard, entries)).rejects.toMatchObject({ code: "PATH_REFUSED" });
    expect(yard.tree()).toEqual({ ...UNTOUCHED, d: "/", l: "-> d" });
  });

  it("by links that are harmless alone and lead out together makes no such chain", async ({ expect }) => {
    using yard = openYard();
    mkdirSync(path.join(yard.inside, "deep"));
    symlinkSync("../..", path.join(yard.inside, "deep", "foreign"));
    const report = await unpack(yard, [
      { name: "a/b/", type: "directory" },
      { name: "a/b/root", type: "symlink", linkname: "../.." },
      { name: "out", type: "symlink", linkname: "a/b/root/../outside/keep" },
      { name: "via", type: "symlink", linkname: "deep/foreign/outside/keep" },
      { name: "own", type: "symlink", linkname: "deep" },
      { name: "chained", type: "symlink", linkname: "own/foreign/outside/keep" },
    ]);
    expect(report.leftOut.map((one) => one.path)).toEqual(["out", "via", "chained"]);
    for (const name of ["out", "via", "chained"]) expect(yard.tree()).not.toHaveProperty(name);
  });

  it("by a file through a link that was here already is refused", async ({ expect }) => {
    using yard = openYard();
    symlinkSync(yard.outside, path.join(yard.inside, "l"));
    await expect(unpack(yard, [{ name: "l/evil", content: "x" }])).rejects.toMatchObject({ code: "PATH_REFUSED" });
    expect(yard.tree(yard.outside)).toEqual(UNTOUCHED);
  });

  it("by a hard link gives a copy, never a second name of a file that is here", async ({ expect }) => {
    using yard = openYard();
    symlinkSync(path.join(yard.outside, "keep"), path.join(yard.inside, "l"));
    const report = await unpack(yard, [
      { name: "h", type: "link", linkname: "keep" },
      { name: "out", type: "link", linkname: "l" },
    ]);
    expect(lstatSync(path.join(yard.inside, "h")).nlink).toBe(1);
    expect(report.leftOut.map((one) => one.path)).toEqual(["out"]);
    expect(yard.tree()).not.toHaveProperty("out");
  });

  it("by devices, FIFOs and bits that give rights writes none of them", async ({ expect }) => {
    using yard = openYard();
    const report = await unpack(yard, [
      { name: "disk", type: "block-device", devmajor: 8, devminor: 0 },
      { name: "null", type: "character-device", devmajor: 1, devminor: 3 },
      { name: "pipe", type: "fifo" },
      { name: "su", content: "x", mode: 0o6777 },
      { name: "d/", type: "directory", mode: 0o7777 },
    ]);
    expect(report.leftOut.map((one) => one.path)).toEqual(["disk", "null", "pipe"]);
    expect(lstatSync(path.join(yard.inside, "su")).mode & 0o7777).toBe(0o755);
    expect(lstatSync(path.join(yard.inside, "d")).mode & 0o7777).toBe(0o755);
  });

  it("of more bytes than allowed writes none of the file that is too much", async ({ expect }) => {
    using yard = openYard();
    const limits = { bytes: 10, entries: 100 };
    await expect(
      unpack(
        yard,
        [
          { name: "small", content: "12345" },
          { name: "large", content: "1234567890" },
        ],
        { limits },
      ),
    ).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(yard.tree()).toEqual({ ...UNTOUCHED, small: "12345" });
  });

  it("of more bytes than allowed is told as that while its source still sends", async ({ expect }) => {
    using yard = openYard();
    const whole = await bytesOf([{ name: "large", content: "x".repeat(100_000) }]);
    const source = new PassThrough();
    source.write(whole.subarray(0, 50_000));
    await expect(unpack(yard, source, { limits: { bytes: 10, entries: 100 } })).rejects.toMatchObject({ code: "ARCHIVE_REFUSED", message: expect.stringContaining("more than 10 bytes") as unknown });
    expect(source.destroyed).toBe(true);
    expect(yard.tree()).toEqual(UNTOUCHED);
  });

  it("that multiplies a file by hard links is held to the same limit", async ({ expect }) => {
    using yard = openYard();
    const entries: TarEntry[] = [{ name: "f", content: "1234567890" }, ...Array.from({ length: 50 }, (_, at): TarEntry => ({ name: `h${String(at)}`, type: "link", linkname: "f" }))];
    await expect(unpack(yard, entries, { limits: { bytes: 100, entries: 100 } })).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(Object.keys(yard.tree()).length).toBeLessThan(12);
  });

  it("of a header that promises exabytes is refused before anything is written", async ({ expect }) => {
    using yard = openYard();
    await expect(unpack(yard, Readable.from([await giantHeader(), Buffer.alloc(1024)]))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(yard.tree()).toEqual(UNTOUCHED);
  });

  const headers: readonly (readonly [string, () => Promise<Buffer>, RegExp])[] = [
    ["words for one entry that take long to read", () => extended("x", manyWords(1 << 20)), /too long/],
    ["words for all entries that are read for each again", () => extended("g", manyWords(1 << 14)), /too long/],
    ["a name that no file system takes", () => extended("L", "n".repeat(5000)), /too long/],
    ["words that say how long they are in two ways", () => extended("x", "7 a=b\n"), /no plain tar/],
    ["a size that is none", () => extended("x", "11 size=-1\n"), /no plain tar/],
  ];
  it.for(headers)("with a header that has %s is refused before that is read, and nothing is written", async ([, header, why], { expect }) => {
    using yard = openYard();
    const source = Readable.from([Buffer.concat([await header(), await bytesOf([{ name: "evil", content: "x" }])])]);
    await expect(unpack(yard, source)).rejects.toMatchObject({ code: "ARCHIVE_REFUSED", message: expect.stringMatching(why) as unknown });
    expect(yard.tree()).toEqual(UNTOUCHED);
    expect(yard.tree(yard.outside)).toEqual(UNTOUCHED);
  });

  it("of nothing but empty blocks ends", async ({ expect }) => {
    using yard = openYard();
    const blocks = Readable.from(Array.from({ length: 300 }, () => Buffer.alloc(1 << 20)));
    await expect(unpack(yard, blocks)).rejects.toMatchObject({ code: "ARCHIVE_REFUSED", message: expect.stringContaining("more than 256 MiB") as unknown });
    expect(yard.tree()).toEqual(UNTOUCHED);
  });

  it("of more entries than allowed ends", async ({ expect }) => {
    using yard = openYard();
    const entries = Array.from({ length: 30 }, (_, at): TarEntry => ({ name: `d${String(at)}/`, type: "directory" }));
    await expect(unpack(yard, entries, { limits: { bytes: 1, entries: 10 } })).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(Object.keys(yard.tree())).toHaveLength(11);
  });

  it("of names deeper and longer than file systems take is refused", async ({ expect }) => {
    using yard = openYard();
    for (const name of ["a/".repeat(300) + "x", "n".repeat(300), "d/".repeat(2000) + "n".repeat(200)])
      await expect(unpack(yard, [{ name, content: "x" }])).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(yard.tree()).toEqual(UNTOUCHED);
  });

  it("that breaks off leaves nothing half written", async ({ expect }) => {
    using yard = openYard();
    const whole = await bytesOf([
      { name: "first", content: "whole" },
      { name: "second", content: "x".repeat(5000) },
    ]);
    await expect(unpack(yard, Readable.from([whole.subarray(0, 3000)]))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(yard.tree()).toEqual({ ...UNTOUCHED, first: "whole" });
  });

  it("that is broken off by an error of its source rejects with that, and leaves nothing half written", async ({ expect }) => {
    using yard = openYard();
    const source = new PassThrough();
    source.write((await bytesOf([{ name: "second", content: "x".repeat(5000) }])).subarray(0, 3000));
    const done = unpack(yard, source);
    setImmediate(() => source.destroy(new Error("the wire broke")));
    await expect(done).rejects.toThrow("the wire broke");
    expect(yard.tree()).toEqual(UNTOUCHED);
  });

  it("that is given up leaves nothing half written", async ({ expect }) => {
    using yard = openYard();
    const stop = new AbortController();
    const source = new PassThrough();
    source.write((await bytesOf([{ name: "second", content: "x".repeat(5000) }])).subarray(0, 3000));
    const done = unpack(yard, source, { signal: stop.signal });
    setImmediate(() => {
      stop.abort(new Error("enough"));
    });
    await expect(done).rejects.toThrow("enough");
    expect(yard.tree()).toEqual(UNTOUCHED);
  });

  it("whose directory is swapped for a link on this machine meanwhile writes nothing through the link", async ({ expect }) => {
    using yard = openYard();
    const source = new PassThrough();
    const whole = await bytesOf([
      { name: "d/first", content: "1" },
      { name: "d/second", content: "2".repeat(4000) },
      { name: "d/third", content: "3" },
    ]);
    // Half of the second file has come when an agent swaps the directory for a link.
    source.write(whole.subarray(0, 3000));
    const done = unpack(yard, source);
    const swap = setInterval(() => {
      // The second has a name for the time being until it is whole.
      if (Object.keys(yard.tree()).filter((name) => name.startsWith("d/")).length < 2) return;
      clearInterval(swap);
      renameSync(path.join(yard.inside, "d"), path.join(yard.inside, "moved"));
      symlinkSync(yard.outside, path.join(yard.inside, "d"));
      source.end(whole.subarray(3000));
    }, 5);
    await expect(done).rejects.toMatchObject({ code: "PATH_REFUSED" });
    expect(yard.tree(yard.outside)).toEqual(UNTOUCHED);
    expect(readFileSync(path.join(yard.inside, "moved", "second"), "utf8")).toHaveLength(4000);
  });

  it("of any names, kinds and targets writes nothing outside", async ({ expect }) => {
    const part = fc.constantFrom("a", "b", "..", ".", "", "l", "outside", "keep");
    const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
    const entry: fc.Arbitrary<TarEntry> = fc.oneof(
      fc.record({ name, content: fc.constant("evil") }),
      fc.record({ name, type: fc.constant("directory" as const) }),
      fc.record({ name, type: fc.constantFrom("symlink" as const, "link" as const), linkname: name }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 8 }), async (entries) => {
        using yard = openYard();
        await unpack(yard, entries).catch(() => undefined);
        expect(yard.tree(yard.outside)).toEqual(UNTOUCHED);
        expect(yard.tree(yard.root)).not.toHaveProperty("keep");
        for (const [file, what] of Object.entries(yard.tree())) if (what.startsWith("-> ")) assertWithin(yard, file, what.slice(3));
      }),
      { numRuns: 300 },
    );

    function assertWithin(yard: Yard, file: string, target: string): void {
      const led = path.resolve(yard.inside, path.dirname(file), target);
      expect(led === yard.inside || led.startsWith(`${yard.inside}/`)).toBe(true);
    }
  });
});

/** A header whose size is written in base 256. */
async function giantHeader(): Promise<Buffer> {
  const header = (await bytesOf([{ name: "giant", content: "x" }])).subarray(0, 512);
  header.fill(0, 124, 136);
  header[124] = 0x80;
  header.writeUInt32BE(0x70000000, 128);
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** A header that stands for those after it, with what it says. */
async function extended(kind: string, content: string): Promise<Buffer> {
  const bytes = (await bytesOf([{ name: "words", content }])).subarray(0, -1024);
  bytes.write(kind, 156, "latin1");
  bytes.fill(" ", 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function manyWords(bytes: number): string {
  return Array.from({ length: bytes / 15 }, (_, at) => `15 ${at.toString(36).padStart(10, "k")}=\n`)
    .join("")
    .slice(0, bytes);
}
