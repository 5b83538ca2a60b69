import { createHash } from "node:crypto";
import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { readBundle, type Bundle } from "../../src/bundle/read-bundle.ts";
import { zipOf, type ZipEntry } from "./zip.ts";

const manifest = (more: object = {}): ZipEntry => ({
  name: "manifest.json",
  content: JSON.stringify({ manifest_version: "0.3", name: "b", version: "1.0.0", server: { type: "node", entry_point: "index.js" }, ...more }),
});
const index: ZipEntry = { name: "index.js", content: "1" };
const read = (bytes: Buffer, limits?: Parameters<typeof readBundle>[2]): Promise<Bundle> => readBundle(bytes, createHash("sha256").update(bytes).digest("hex"), limits);
const whyNot = (entries: readonly ZipEntry[], limits?: Parameters<typeof readBundle>[2]): Promise<string> =>
  read(zipOf(entries), limits).then(
    () => "taken",
    (error: unknown) => (AppError.is(error) && error.code === "SERVER_FAILED" ? error.message : String(error)),
  );
const LIMITS = { entries: 50_000, bytes: 1 << 30, ratio: 200 };

describe("a bundle", () => {
  it("is its files, what runs it and where it begins", async ({ expect }) => {
    const bundle = await read(zipOf([manifest(), { name: "lib/", content: "", mode: 0o040755 }, { name: "lib/a.js", content: "a", mode: 0o100644 }, { ...index, mode: 0o100755 }]));
    expect(bundle).toMatchObject({ runtime: "node", entryPoint: "index.js", version: "1.0.0" });
    expect(bundle.files.map(({ path, executable, bytes }) => [path, executable, bytes.toString()]).slice(1)).toEqual([
      ["lib/a.js", false, "a"],
      ["index.js", true, "1"],
    ]);
  });

  it("that is a program may be run, whatever its zip says of modes", async ({ expect }) => {
    const { files } = await read(zipOf([manifest({ server: { type: "binary", entry_point: "./bin/server" } }), { name: "bin/server", content: "\x7fELF" }]));
    expect(files.find(({ path }) => path === "bin/server")).toMatchObject({ executable: true });
  });

  it("is refused when its bytes are not those that its entry names", async ({ expect }) => {
    await expect(readBundle(zipOf([manifest(), index]), "0".repeat(64))).rejects.toMatchObject({ code: "SERVER_FAILED" });
  });

  it.for<[string, readonly ZipEntry[]]>([
    ["a path that leads up", [{ name: "../x", content: "" }]],
    ["a path that leads up in its middle", [{ name: "a/../../x", content: "" }]],
    ["an absolute path", [{ name: "/etc/x", content: "" }]],
    ["a path of another system", [{ name: "a\\..\\x", content: "" }]],
    ["a drive", [{ name: "C:/x", content: "", mode: 0o120777 }]],
    ["an empty part", [{ name: "a//x", content: "" }]],
    ["a dot part", [{ name: "a/./x", content: "" }]],
    ["a line break in a name", [{ name: "a\nb", content: "", flags: 0x800 }]],
    ["a zero in a name", [{ name: "a\0b", content: "" }]],
    ["a name without end", [{ name: "a/".repeat(600) + "x", content: "" }]],
    ["a link", [{ name: "link", content: "/etc/passwd", mode: 0o120777 }]],
    ["a device", [{ name: "null", content: "", mode: 0o020666 }]],
    ["a pipe", [{ name: "pipe", content: "", mode: 0o010644 }]],
    ["a socket", [{ name: "socket", content: "", mode: 0o140755 }]],
    [
      "two files of one name",
      [
        { name: "x", content: "1" },
        { name: "x", content: "2" },
      ],
    ],
    ["a second manifest", [manifest({ name: "other" })]],
    [
      "a file that is a directory too",
      [
        { name: "x", content: "1" },
        { name: "x/y", content: "2" },
      ],
    ],
    ["a directory with content", [{ name: "x/", content: "1" }]],
    ["a directory by mode that is a file by name", [{ name: "x", content: "", mode: 0o040755 }]],
    ["an encrypted file", [{ name: "x", content: "1", flags: 1 }]],
    ["another way of packing", [{ name: "x", content: "1", method: 12 }]],
    ["a size that is too small", [{ name: "x", content: "12345678", says: 2 }]],
    ["a size that is too large", [{ name: "x", content: "12345678", says: 200 }]],
  ])("with %s is refused", async ([, entries], { expect }) => {
    expect(await whyNot([manifest(), index, ...entries])).toMatch(/^The bundle is not used: /);
  });

  it("that grows out of proportion, or beyond its limits, is refused before it is unpacked", async ({ expect }) => {
    const bomb = { name: "bomb", content: Buffer.alloc(8 << 20) };
    expect(await whyNot([manifest(), index, bomb])).toMatch(/grows to more than 200 times/);
    expect(await whyNot([manifest(), index, { name: "big", content: Buffer.alloc(2000), method: 0 }], { ...LIMITS, bytes: 1000 })).toMatch(/larger than 1000 bytes/);
    expect(await whyNot([manifest(), index, ...Array.from({ length: 20 }, (_, at) => ({ name: `f${at}`, content: "" }))], { ...LIMITS, entries: 10 })).toMatch(/more than 10 files/);
  });

  it.for<[string, readonly ZipEntry[]]>([
    ["no manifest", [index]],
    ["a manifest that is no JSON", [{ name: "manifest.json", content: "{" }, index]],
    ["a manifest of another form", [{ name: "manifest.json", content: "[]" }, index]],
    ["a manifest without end", [{ name: "manifest.json", content: Buffer.alloc(2 << 20, " "), method: 0 }, index]],
    ["an entry point that is not there", [manifest({ server: { type: "node", entry_point: "other.js" } }), index]],
    ["an entry point outside", [manifest({ server: { type: "binary", entry_point: "../../usr/bin/env" } }), index]],
    ["an absolute entry point", [manifest({ server: { type: "binary", entry_point: "/bin/sh" } }), index]],
    ["an installer of its own", [manifest({ server: { type: "uv", entry_point: "index.js" } }), index]],
  ])("with %s is refused", async ([, entries], { expect }) => {
    expect(await whyNot(entries)).toMatch(/^The bundle is not used: /);
  });

  it("is read or refused with a problem, and nothing else, whatever its bytes are", async () => {
    const whole = zipOf([manifest(), index, { name: "lib/a.js", content: "a".repeat(300) }]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(whole.length), async (changes, cut) => {
        const bytes = Buffer.from(whole.subarray(0, cut === 0 ? whole.length : cut));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const outcome = await read(bytes).catch((error: unknown) => error);
        return AppError.is(outcome) ? outcome.code === "SERVER_FAILED" : outcome instanceof Object && "files" in outcome;
      }),
      { numRuns: 300 },
    );
  });
});
