import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { openNameTable, type NameTable } from "../../src/pod/name-table.ts";

async function aDirectory() {
  const path = await mkdtemp(join(tmpdir(), "sbx-names-"));
  return { path, copies: [join(path, "names.1"), join(path, "names.2")] as const, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function opened(path: string, options = {}): Promise<NameTable> {
  const table = await openNameTable(path, options);
  if (table === undefined) throw new Error("the table is lost");
  return table;
}

describe("openNameTable", () => {
  it("gives a name one address, and the address its name, over restarts", async ({ expect }) => {
    await using directory = await aDirectory();
    await using first = await opened(directory.path);
    const address = await first.addressFor("a.test");
    expect(address).toMatch(/^198\.18\.\d+\.\d+$/);
    expect(await first.addressFor("a.test")).toBe(address);
    await using second = await opened(directory.path, { mustExist: true });
    expect(await second.addressFor("a.test")).toBe(address);
    expect(second.nameOf(String(address))).toBe("a.test");
    expect(await second.addressFor("b.test")).not.toBe(address);
  });

  it("has written a name down before it gives the address, also when many come at once", async ({ expect }) => {
    await using directory = await aDirectory();
    await using table = await opened(directory.path);
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const [one, two] = await Promise.all([table.addressFor(`n${index}.test`), table.addressFor(`n${index}.test`)]);
        expect(one).toBe(two);
        for (const copy of directory.copies) expect(await readFile(copy, "utf8")).toContain(` n${index}.test `);
      }),
    );
    expect(table.size).toBe(200);
  });

  it("knows an address only after it was written down", async ({ expect }) => {
    await using directory = await aDirectory();
    await using table = await opened(directory.path);
    const before = Number((await table.addressFor("a.test"))?.split(".")[3]);
    const coming = table.addressFor("b.test");
    expect([before, before + 1].map((last) => table.nameOf(`198.18.0.${last}`))).not.toContain("b.test");
    expect(table.nameOf(String(await coming))).toBe("b.test");
  });

  it.for([0, 1])("loses nothing when copy %i is gone, damaged or cut", async (lost, { expect }) => {
    for (const harm of [rm, (path: string) => truncate(path, 5), (path: string) => writeFile(path, "rubbish\nmore rubbish\n")]) {
      await using directory = await aDirectory();
      const names = ["a.test", "b.test", "c.test"];
      const addresses = await (async () => {
        await using table = await opened(directory.path);
        return await Promise.all(names.map((name) => table.addressFor(name)));
      })();
      await harm(directory.copies[lost === 0 ? 0 : 1]);
      await using table = await opened(directory.path, { mustExist: true });
      expect(await Promise.all(names.map((name) => table.addressFor(name)))).toEqual(addresses);
      expect(await readFile(directory.copies[0])).toEqual(await readFile(directory.copies[1]));
    }
  });

  it("does not go on when both copies are gone or damaged and addresses are out there", async ({ expect }) => {
    await using directory = await aDirectory();
    await (await opened(directory.path))[Symbol.asyncDispose]();
    await rm(directory.copies[0]);
    await writeFile(directory.copies[1], "rubbish\nrubbish\n");
    expect(await openNameTable(directory.path, { mustExist: true })).toBeUndefined();
  });

  it("stays lost when it is asked a second time", async ({ expect }) => {
    await using directory = await aDirectory();
    expect(await openNameTable(directory.path, { mustExist: true })).toBeUndefined();
    expect(await openNameTable(directory.path, { mustExist: true })).toBeUndefined();
  });

  it("forgets a last line that was not finished: its answer was never sent", async ({ expect }) => {
    await using directory = await aDirectory();
    await using first = await opened(directory.path);
    const address = await first.addressFor("a.test");
    for (const copy of directory.copies) await appendFile(copy, "4242 half.te");
    await using table = await opened(directory.path, { mustExist: true });
    expect([table.size, await table.addressFor("a.test"), table.nameOf("198.18.16.146")]).toEqual([1, address, undefined]);
  });

  it("does not believe a line whose checksum is wrong", async ({ expect }) => {
    await using directory = await aDirectory();
    await (await opened(directory.path))[Symbol.asyncDispose]();
    for (const copy of directory.copies) await writeFile(copy, "sbx names 1\n5 bank.test 0\n");
    await using table = await opened(directory.path);
    expect(table.nameOf("198.18.0.5")).toBeUndefined();
  });

  it("gives nothing when an address cannot be written down, and never that address again", async ({ expect }) => {
    await using directory = await aDirectory();
    const table = await opened(directory.path);
    await table[Symbol.asyncDispose]();
    await expect(table.addressFor("a.test")).rejects.toThrow();
    expect([table.size, table.has("a.test")]).toEqual([0, false]);
  });

  it("says so when all addresses are given away", { timeout: 60_000 }, async ({ expect }) => {
    await using directory = await aDirectory();
    await using table = await opened(directory.path);
    const addresses = await Promise.all(Array.from({ length: 65_534 }, (_, index) => table.addressFor(`n${index}.test`)));
    expect(new Set(addresses).size).toBe(65_534);
    expect(addresses).not.toContain("198.18.0.0");
    expect(addresses).not.toContain("198.18.255.255");
    expect(await table.addressFor("one.more.test")).toBeUndefined();
  });
});
