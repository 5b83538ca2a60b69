import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { afterAll, beforeAll, describe, test } from "vitest";
import { removeSandboxImages } from "@sbx/docker-guard";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");

/** A tar of these entries. */
async function tarOf(entries: readonly (readonly [(Partial<Header> & Pick<Header, "name">) | string, string | Buffer])[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(typeof header === "string" ? { name: header } : header, content);
  tar.finalize();
  return buffer(tar);
}

const digest = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

interface Archive {
  readonly layer?: Buffer;
  readonly diffIds?: readonly string[];
  readonly config?: unknown;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[] | null;
  readonly layers?: readonly string[];
}

/** What `docker save` writes, with anything in it changed. */
async function imageArchive({ layer, diffIds, config = { Cmd: ["cat", "/hello"] }, more = {}, tags = ["mine:1"], layers = ["layer.tar"] }: Archive = {}): Promise<Buffer> {
  const bytes = layer ?? (await tarOf([["hello", "hello\n"]]));
  return tarOf([
    ["config.json", JSON.stringify({ architecture: "amd64", os: "linux", config, rootfs: { type: "layers", diff_ids: diffIds ?? [digest(bytes)] }, ...more })],
    ["layer.tar", bytes],
    ["manifest.json", JSON.stringify([{ Config: "config.json", RepoTags: tags, Layers: layers }])],
  ]);
}

describe.skipIf(missing !== undefined)(`images of a sandbox${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let other: GuardedSandbox;
  let directory: string;
  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard();
    other = await lab.guard();
    directory = await mkdtemp("/tmp/sbx-images-");
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  const put = async (path: string, bytes: Buffer) => {
    const head = `POST /v1.41/${path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`;
    return box.raw(Buffer.concat([Buffer.from(head), bytes]));
  };
  const names = async (sandbox: GuardedSandbox) =>
    (await sandbox.docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).stdout
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  const clean = async () => {
    for (const name of await names(box)) if (name !== IMAGE) await box.docker(["rmi", "-f", name]);
    await box.docker(["image", "prune", "-af"]);
  };

  test("a container becomes an image under a name of the sandbox's own, with its files and settings and without ours", async ({ expect }) => {
    await box.docker(["run", "--name", "made", "-e", "A=b", "--label", "l=v", IMAGE, "sh", "-c", "echo kept > /kept; chmod 1777 /kept"]);
    const made = await box.docker(["commit", "-m", "why", "-a", "me", "-c", "CMD cat /kept", "-c", "ENV C=d", "made", "result"]);
    expect(made.stderr).toBe("");
    expect(await names(box)).toEqual([IMAGE, "result:latest"]);
    expect(await names(other)).toEqual([IMAGE]);
    const { stdout } = await box.docker(["inspect", "result", "--format", "{{json .Config}} {{.Author}}"]);
    expect(stdout).toContain('"A=b"');
    expect(stdout).toContain('"C=d"');
    expect(stdout).toContain(" me\n");
    expect(stdout).not.toContain("dev.sbx");
    expect((await box.docker(["run", "--rm", "result"])).stdout).toBe("kept\n");
    // In the engine itself no name of the sandbox's is a name, and no label of ours is in the image.
    const { body } = await lab.raw.call({ method: "GET", path: ["images", "json"], query: { all: "1" } });
    expect(JSON.stringify(body)).not.toContain('"result');
    expect(JSON.stringify(body)).not.toContain("dev.sbx.docker.record");
    expect((await other.ask("GET", "/v1.41/images/result/json")).status).toBe(404);
    await box.docker(["rm", "made"]);
    await clean();
    expect(box.faults).toEqual([]);
  });

  test("save and load give the same image to another sandbox, which the first one cannot touch", async ({ expect }) => {
    const image = "localhost:5000/team/app:2";
    await writeFile(`${directory}/made.tar`, await imageArchive({ tags: [image] }));
    await box.docker(["load", "-i", `${directory}/made.tar`]);
    expect((await box.docker(["save", "-o", `${directory}/app.tar`, image])).stderr).toBe("");
    const saved = await readFile(`${directory}/app.tar`);
    expect(saved.toString("latin1")).toContain("hello");
    expect(saved.toString("latin1")).not.toContain("dev.sbx.docker");
    await writeFile(`${directory}/app.tar.gz`, gzipSync(saved));
    expect((await other.docker(["load", "-i", `${directory}/app.tar.gz`])).stdout).toContain(`Loaded image: ${image}`);
    const layersIn = async (sandbox: GuardedSandbox) => (await sandbox.docker(["inspect", image, "--format", "{{.RootFS.Layers}}"])).stdout;
    expect(await layersIn(other)).toMatch(/^\[sha256:[0-9a-f]{64}\]\n$/);
    expect(await layersIn(other)).toBe(await layersIn(box));
    expect((await box.docker(["rmi", image])).stderr).toBe("");
    expect(await names(box)).toEqual([IMAGE]);
    await other.docker(["create", "--name", "loaded", image]);
    expect((await other.docker(["cp", "loaded:/hello", `${directory}/hello`])).stderr).toBe("");
    expect(await readFile(`${directory}/hello`, "utf8")).toBe("hello\n");
    await other.docker(["rm", "loaded"]);
    expect((await other.docker(["rmi", image])).stderr).toBe("");
  });

  test("a tar becomes an image by import", async ({ expect }) => {
    await writeFile(
      `${directory}/root.tar`,
      await tarOf([
        ["etc/greeting", "hi\n"],
        [{ name: "dev/sda", type: "block-device", devmajor: 8, devminor: 0 }, ""],
      ]),
    );
    expect((await box.docker(["import", "-c", "ENV A=b", `${directory}/root.tar`, "tiny:1"])).stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    await box.docker(["create", "--name", "tiny", "tiny:1", "x"]);
    await box.docker(["cp", "tiny:/etc/greeting", `${directory}/out`]);
    expect(await readFile(`${directory}/out`, "utf8")).toBe("hi\n");
    // No device of a client's is in any image.
    expect((await box.docker(["cp", "tiny:/dev/sda", `${directory}/sda`])).code).not.toBe(0);
    await box.docker(["rm", "tiny"]);
    await clean();
  });

  test("names of a sandbox are its own: a name of the host's or of another's is neither seen, nor moved, nor removed", async ({ expect }) => {
    await lab.raw.call({ method: "POST", path: ["images", lab.image.id, "tag"], query: { repo: "host/secret", tag: "1" } });
    await other.docker(["tag", IMAGE, "theirs:1"]);
    const before = await lab.state();
    for (const name of ["host/secret:1", "theirs:1", "sbx-sandbox-image/x:y"]) {
      expect((await box.ask("GET", `/v1.41/images/${name}/json`)).status).toBe(404);
      expect((await box.ask("GET", `/v1.41/images/${name}/history`)).status).toBe(404);
      expect((await box.ask("GET", `/v1.41/images/${name}/get`)).status).toBe(404);
      expect((await box.ask("DELETE", `/v1.41/images/${name}?force=1`)).status).toBe(404);
      expect((await box.ask("POST", `/v1.41/images/${name}/tag?repo=x&tag=y`)).status).toBe(404);
      expect((await box.ask("POST", "/v1.41/containers/create", { Image: name, Cmd: ["true"] })).status).toBe(404);
    }
    for (const path of ["images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D", "build/prune?all=1"]) expect((await box.ask("POST", `/v1.41/${path}`)).status).toBe(200);
    expect((await box.ask("DELETE", `/v1.41/images/${IMAGE}?force=1`)).status).toBe(409);
    expect((await box.ask("DELETE", `/v1.41/images/${lab.image.id}?force=1`)).status).toBe(409);
    expect(await lab.state()).toBe(before);
    // Taking the host's name for something of its own changes nothing for the host, nor for the other.
    await box.docker(["tag", IMAGE, "host/secret:1"]);
    await box.docker(["tag", IMAGE, "theirs:1"]);
    await box.docker(["rmi", "host/secret:1", "theirs:1"]);
    const { body } = await lab.raw.call({ method: "GET", path: ["images", lab.image.id, "json"] });
    expect(body).toMatchObject({ RepoTags: expect.arrayContaining(["host/secret:1"]) as unknown });
    expect(await names(other)).toEqual([IMAGE, "theirs:1"]);
    await other.docker(["rmi", "theirs:1"]);
    // Removing the last name that a sandbox has for an image of the host's does not remove the image.
    expect((await lab.raw.call({ method: "GET", path: ["images", lab.image.id, "json"] })).status).toBe(200);
  });

  test("a digest of somebody's layer does not give that layer away", async ({ expect }) => {
    const { body } = await lab.raw.call({ method: "GET", path: ["images", lab.image.id, "json"] });
    const { RootFS } = body as { readonly RootFS: { readonly Layers: readonly string[] } };
    // The engine itself takes its own layer for that digest, whatever was sent.
    const answer = await put("images/load", await imageArchive({ diffIds: RootFS.Layers, layers: RootFS.Layers.map(() => "layer.tar"), tags: ["stolen:1"] }));
    expect(answer).toContain("Loaded image: stolen:1");
    const made = await box.ask("GET", "/v1.41/images/stolen:1/json");
    expect(made.text).not.toContain(RootFS.Layers[0] ?? "none");
    await box.docker(["create", "--name", "stolen", "stolen:1"]);
    expect((await box.docker(["cp", "stolen:/bin/sh", `${directory}/sh`])).code).not.toBe(0);
    expect((await box.docker(["cp", "stolen:/hello", `${directory}/hello`])).code).toBe(0);
    await box.docker(["rm", "stolen"]);
    await clean();
  });

  const EVIL: readonly (readonly [string, () => Promise<Buffer>])[] = [
    ["whose layer is missing", () => imageArchive({ layers: ["nosuch.tar"] })],
    ["whose layer is a path of the host", () => imageArchive({ layers: ["../../../etc/passwd"] })],
    ["with more layers than its configuration has", () => imageArchive({ layers: ["layer.tar", "layer.tar"] })],
    ["with fewer layers than its configuration has", () => imageArchive({ layers: [] })],
    ["of another system", () => imageArchive({ more: { os: "windows" } })],
    ["with a layer that is no tar", () => imageArchive({ layer: Buffer.alloc(4096, 65) })],
    ["under a name that is none", () => imageArchive({ tags: ["../../x:1"] })],
    ["under a name in capitals", () => imageArchive({ tags: ["DEBIAN:12"] })],
    [
      "whose configuration has a name twice",
      async () =>
        tarOf([
          ["config.json", '{"os":"linux","os":"linux"}'],
          ["manifest.json", '[{"Config":"config.json","Layers":[]}]'],
        ]),
    ],
    ["without a manifest", () => tarOf([["config.json", "{}"]])],
    ["whose manifest is a device", () => tarOf([[{ name: "manifest.json", type: "character-device", devmajor: 1, devminor: 3 }, ""]])],
    ["whose manifest is a link out of it", () => tarOf([[{ name: "manifest.json", type: "symlink", linkname: "/etc/passwd" }, ""]])],
    ["whose file leaves the tar", () => tarOf([["../../etc/cron.d/x", "* * * * * root true\n"]])],
    ["that is no tar", async () => Buffer.alloc(2048, 66)],
    ["that is cut", async () => (await imageArchive()).subarray(0, 700)],
    ["that says gzip and is none", async () => Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(100, 1)])],
    ["that is nothing", async () => Buffer.alloc(0)],
  ];
  test.for(EVIL)("an image %s is refused, and nothing of it stays", async ([, make], { expect }) => {
    const before = await lab.state();
    expect(await put("images/load", await make())).toMatch(/^HTTP\/1\.1 400 /);
    expect(await lab.state()).toBe(before);
    expect(await names(box)).toEqual([IMAGE]);
    expect(box.faults).toEqual([]);
  });

  test("of a loaded image's settings only those that are known are kept, and none of sbx's labels", async ({ expect }) => {
    const config = { Cmd: ["x"], Labels: { "dev.sbx.sandbox": "sbx_other000", mine: "yes" }, OnBuild: ["RUN evil"], Unknown: 1, Volumes: { "/data": {} } };
    await put("images/load", await imageArchive({ config, more: { container_config: { Env: ["SECRET=x"] }, parent: "x" } }));
    const { Id } = (await box.ask("GET", "/v1.41/images/mine:1/json")).json as { readonly Id: string };
    const { body } = await lab.raw.call({ method: "GET", path: ["images", Id, "json"] });
    expect(body).toMatchObject({ Config: { Labels: { mine: "yes" }, OnBuild: null } });
    expect(JSON.stringify(body)).not.toMatch(/sbx_other000|SECRET|evil/);
    await clean();
  });

  test.for([
    ["an import from an address", "POST", "images/create?fromSrc=http://127.0.0.1:1/x"],
    ["a pull that no rule allows", "POST", "images/create?fromImage=debian&tag=13"],
    ["a pull from a registry of the host's network", "POST", "images/create?fromImage=127.0.0.1:5000/x&tag=latest"],
    ["a pull and an import at once", "POST", "images/create?fromImage=x&fromSrc=-"],
    ["a pull by a name that is none", "POST", "images/create?fromImage=..%2Fx&tag=1"],
    ["a push", "POST", `images/${IMAGE}/push?tag=12`],
    ["a tag that is none", "POST", `images/${IMAGE}/tag?repo=x&tag=..`],
    ["a tag by a digest", "POST", `images/${IMAGE}/tag?repo=x@sha256:${"a".repeat(64)}`],
    ["a commit of a container that is not there", "POST", "commit?container=nosuch"],
    ["a save of nothing", "GET", "images/get"],
    ["a save of one that is not there", "GET", `images/get?names=${IMAGE}&names=nosuch`],
  ] as const)("%s: refused, and nothing happens", async ([, method, path], { expect }) => {
    const before = await lab.state();
    expect((await box.ask(method, `/v1.41/${path}`)).status).toBeOneOf([400, 403, 404]);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("an image makes the engine keep no volume that is nobody's, and puts no word of its own on a container", async ({ expect }) => {
    const root = `${directory}/volumes.tar`;
    await writeFile(root, await tarOf([["hello", "hello\n"]]));
    const image = (name: string, ...changes: readonly string[]) => box.docker(["import", ...changes.flatMap((change) => ["-c", change]), root, name]);
    const paths = ["/a/./b", "/c/../d", "//e", "/f/"];
    await image("odd:1", ...paths.map((at) => `VOLUME ["${at}"]`), "LABEL ofelia.job-local.x.command=id");
    const made = await box.docker(["create", "odd:1", "x"]);
    const { body } = await lab.raw.call({ method: "GET", path: ["containers", made.stdout.trim(), "json"] });
    const { Mounts, Config } = body as { readonly Mounts: readonly { readonly Name: string; readonly Destination: string }[]; readonly Config: { readonly Labels: Readonly<Record<string, string>> } };
    expect(Mounts.map(({ Destination }) => Destination).toSorted()).toEqual(["/a/b", "/d", "/e", "/f"]);
    expect(Mounts.filter(({ Name }) => !Name.startsWith(`sbx-${box.sandbox.slice(4)}.v.`))).toEqual([]);
    expect(Object.entries(Config.Labels).filter(([name, value]) => !name.startsWith("dev.sbx.") && value !== "")).toEqual([]);
    expect((await box.docker(["rm", "-v", made.stdout.trim()])).code).toBe(0);
    for (const at of ["relative", "/a:/b", "/proc/../proc/x", "/x/../.."]) {
      await image("bad:1", `VOLUME ["${at}"]`);
      const before = await lab.state();
      expect([at, (await box.docker(["create", "bad:1", "x"])).code]).toEqual([at, 1]);
      expect(await lab.state()).toBe(before);
    }
    await clean();
  });

  test("there are no more images, and no more bytes of them, than a sandbox may have", async ({ expect }) => {
    await using small = await lab.guard({ limits: { images: 2, imageBytes: 1 << 20 } });
    await small.docker(["run", "--name", "large", IMAGE, "sh", "-c", "head -c 3000000 /dev/zero > /large"]);
    await small.docker(["run", "--name", "little", IMAGE, "true"]);
    const before = await lab.state();
    expect((await small.docker(["commit", "large", "x"])).stderr).toContain("no room for so large a layer");
    expect(await lab.state()).toBe(before);
    expect((await small.docker(["commit", "little", "a"])).code).toBe(0);
    await small.docker(["commit", "-m", "other", "little", "b"]);
    expect((await small.docker(["commit", "-m", "third", "little", "c"])).stderr).toContain("as many images");
    await writeFile(`${directory}/large.tar`, await tarOf([["f", Buffer.alloc(2 << 20)]]));
    await small.docker(["rmi", "a"]);
    expect((await small.docker(["import", `${directory}/large.tar`])).stderr).toMatch(/MiB, which is the most/);
    await small.docker(["rm", "large", "little"]);
    await small.docker(["image", "prune", "-af"]);
  });

  test("images that come at once have no more room than those that come one after the other", async ({ expect }) => {
    await using small = await lab.guard({ limits: { imageBytes: 4 << 20 } });
    const files = await Promise.all(
      ["a", "b", "c", "d"].map(async (name) => {
        const file = `${directory}/${name}.tar`;
        await writeFile(file, await tarOf([[name, Buffer.alloc(3 << 20, name)]]));
        return file;
      }),
    );
    const codes = (await Promise.all(files.map((file) => small.docker(["import", file])))).map(({ code }) => code);
    expect(codes.filter((code) => code === 0)).toHaveLength(1);
    expect((await small.docker(["images", "-q"])).stdout.trim().split("\n")).toHaveLength(2);
    for (const name of ["1", "2", "3"]) await small.docker(["run", "--name", name, IMAGE, "sh", "-c", `head -c 700000 /dev/urandom > /${name}`]);
    await Promise.all(["1", "2", "3"].map((name) => small.docker(["commit", name, `made:${name}`])));
    expect((await small.docker(["images", "-q", "made"])).stdout.trim().split("\n")).toHaveLength(1);
    await small.docker(["rm", "1", "2", "3"]);
    await small.docker(["image", "prune", "-af"]);
  });

  test("all images of a sandbox go with it, and nothing else does", async ({ expect }) => {
    const before = await lab.state();
    const gone = await lab.guard();
    await gone.docker(["tag", IMAGE, "shared:1"]);
    await writeFile(`${directory}/mine.tar`, await imageArchive());
    await gone.docker(["load", "-i", `${directory}/mine.tar`]);
    expect(await lab.state()).not.toBe(before);
    await gone.stop();
    await removeSandboxImages({ engine: lab.raw, sandbox: gone.sandbox, key: gone.key, onFault: (error) => expect(error).toBeUndefined() });
    await gone.pods[Symbol.asyncDispose]();
    expect(await lab.state()).toBe(before);
  });

  test("images and their names are there again after the guard was restarted, and leave nothing when they go", async ({ expect }) => {
    const before = await lab.state();
    await put("images/load", await imageArchive({ tags: ["a:1", "b:1"] }));
    await box.docker(["tag", "a:1", "c:1"]);
    await box.docker(["rmi", "b:1"]);
    box = await box.restart();
    expect(await names(box)).toEqual(["a:1", "c:1", IMAGE].toSorted());
    // An image of the host's that carries a copy of the record is nobody's.
    await clean();
    expect(await names(box)).toEqual([IMAGE]);
    expect(await lab.state()).toBe(before);
  });
});
