import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { test as base } from "vitest";
import { packContext } from "../src/context-file.ts";
import { readContext } from "../src/read-context.ts";

const test = base.extend<{ directory: string }>({
  directory: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "sbx-context-"));
    await use(directory);
    await rm(directory, { recursive: true });
  },
});

const KIT_INVALID = { code: "KIT_INVALID" };

test("lists files, directories and inner links in a fixed order, and the tar holds the same", async ({ expect, directory }) => {
  await mkdir(join(directory, "bin"));
  await writeFile(join(directory, "bin/run"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(directory, "a.txt"), "a");
  await symlink("../a.txt", join(directory, "bin/link"));
  const files = await readContext(directory);
  expect(files.map(({ kind, path }) => `${kind} ${path}`)).toEqual(["file a.txt", "directory bin", "link bin/link", "file bin/run"]);

  const bytes = await buffer(packContext(files));
  expect(bytes.equals(await buffer(packContext(files)))).toBe(true);
  const seen: string[] = [];
  for await (const entry of Readable.from(bytes).pipe(extract())) {
    const { name, type, mode, uid, linkname } = entry.header;
    seen.push(`${name} ${type} ${mode.toString(8)} ${uid} ${type === "symlink" ? linkname : ""} ${(await buffer(entry)).toString()}`);
  }
  expect(seen).toEqual(["a.txt file 644 0  a", "bin directory 755 0  ", "bin/link symlink 777 0 ../a.txt ", "bin/run file 755 0  #!/bin/sh\n"]);
});

for (const target of ["/etc/passwd", "../outside", "bin/../../outside", ".."]) {
  test(`refuses a link to ${target}, so that nothing of the host gets into an image`, async ({ expect, directory }) => {
    await symlink(target, join(directory, "link"));
    await expect(readContext(directory)).rejects.toMatchObject(KIT_INVALID);
  });
}

test("does not walk through a link to a directory", async ({ expect, directory }) => {
  await mkdir(join(directory, "inner"));
  await writeFile(join(directory, "inner/file"), "");
  await symlink("inner", join(directory, "same"));
  expect((await readContext(directory)).map(({ path }) => path)).toEqual(["inner", "inner/file", "same"]);
});

test("refuses a FIFO, which would hold the build up for ever", async ({ expect, directory }) => {
  execFileSync("mkfifo", [join(directory, "fifo")]);
  await expect(readContext(directory)).rejects.toMatchObject(KIT_INVALID);
});

test("refuses a socket", async ({ expect, directory }) => {
  const server = createServer().listen(join(directory, "socket"));
  await once(server, "listening");
  await expect(readContext(directory)).rejects.toMatchObject(KIT_INVALID);
  server.close();
});

test("refuses a name with a newline", async ({ expect, directory }) => {
  await writeFile(join(directory, "a\nFROM evil"), "");
  await expect(readContext(directory)).rejects.toMatchObject(KIT_INVALID);
});

test("refuses a directory over the limits before it reads what is in the files", async ({ expect, directory }) => {
  await Promise.all(["a", "b", "c"].map((name) => writeFile(join(directory, name), "12345")));
  await expect(readContext(directory, { maxFiles: 2, maxBytes: 100 })).rejects.toMatchObject(KIT_INVALID);
  await expect(readContext(directory, { maxFiles: 3, maxBytes: 14 })).rejects.toMatchObject(KIT_INVALID);
  await expect(readContext(directory, { maxFiles: 3, maxBytes: 15 })).resolves.toHaveLength(3);
});
