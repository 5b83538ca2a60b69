import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { RegistryRule } from "@sbx/contracts";
import { Secret } from "@sbx/secret-injector";
import { whyNoEngine } from "@sbx/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createRegistryImages } from "../../../apps/daemon/src/docker/registry/registry-images.ts";
import { startRegistry, type Registry } from "../../../apps/daemon/test/mcp/support/registry.ts";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";
import { ARCHITECTURE, digest, layerOf, putImage, type Oddity } from "./registry-image.ts";

const missing = whyNoEngine("docker");
const LOGIN = "robot:p4ss-w0rd-of-the-robot";
const BASIC = Buffer.from(LOGIN).toString("base64");
const forge = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]);

describe.skipIf(missing !== undefined)(`images from registries and to them${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let other: GuardedSandbox;
  let directory: string;
  /** What the person lets both sandboxes do. */
  let allowed: readonly RegistryRule[] = [];
  beforeAll(async () => {
    lab = await DockerLab.open();
    const registries = createRegistryImages({
      registries: () => Promise.resolve(allowed),
      rules: () => [],
      login: (name) => Promise.resolve(name === "robot" ? new Secret(LOGIN) : undefined),
      scope: " --sandbox box",
    });
    box = await lab.guard({ registries });
    other = await lab.guard({ registries });
    directory = await mkdtemp("/tmp/sbx-registry-");
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  const names = async (sandbox: GuardedSandbox) =>
    (await sandbox.docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).stdout
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  /** A file of an image; there is nothing to run in these. */
  const fileIn = async (sandbox: GuardedSandbox, image: string, path: string): Promise<string> => {
    await sandbox.docker(["create", "--name", "look", image, "x"]);
    const copied = await sandbox.docker(["cp", `look:${path}`, `${directory}/out`]);
    await sandbox.docker(["rm", "look"]);
    return copied.code === 0 ? readFile(`${directory}/out`, "utf8") : copied.stderr;
  };
  const allow = (...rules: readonly RegistryRule[]): void => {
    allowed = rules;
  };

  test("an image that a rule allows comes, is the sandbox's own, and goes without a trace", async ({ expect }) => {
    const registry = await startRegistry();
    const { digest: made } = await putImage(registry, "1");
    allow({ action: "pull", images: `${registry.host}/team/*` });
    const before = await lab.state();
    const name = `${registry.host}/team/app`;
    const pulled = await box.docker(["pull", `${name}:1`]);
    expect(pulled.stderr).toBe("");
    expect(pulled.stdout).toContain("Pull complete");
    expect(pulled.stdout).toContain(`Digest: ${made}`);
    expect(pulled.stdout).toContain(`Status: Downloaded newer image for ${name}:1`);
    expect(await names(box)).toEqual([`${name}:1`, IMAGE].toSorted());
    expect(await fileIn(box, `${name}:1`, "/hello")).toBe("hello\n");
    expect((await box.docker(["inspect", `${name}:1`, "--format", "{{json .RepoDigests}}"])).stdout).toContain(`${name}@${made}`);
    // It is neither another's nor the host's.
    expect(await names(other)).toEqual([IMAGE]);
    const { body } = await lab.raw.call({ method: "GET", path: ["images", "json"], query: { all: "1" } });
    expect(JSON.stringify(body)).not.toContain("/team/app");
    expect((await box.docker(["pull", `${name}:1`])).stdout).toContain("Image is up to date");
    expect(registry.asked.filter(({ line }) => line.includes("/blobs/"))).toHaveLength(3);
    expect((await box.docker(["pull", `${name}@${made}`])).code).toBe(0);
    expect((await box.docker(["rmi", "-f", `${name}:1`])).code).toBe(0);
    await box.docker(["image", "prune", "-af"]);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("of a list of images the one for this machine comes, and a build brings what it begins with", async ({ expect }) => {
    const registry = await startRegistry();
    await putImage(registry, "1", {
      index: (one) => ({
        manifests: [
          { ...one, digest: digest(Buffer.from("x")), platform: { os: "linux", architecture: "s390x" } },
          { ...one, platform: { os: "linux", architecture: ARCHITECTURE } },
        ],
      }),
    });
    allow({ action: "pull", images: `${registry.host}/**:1` });
    await box.writeWorkspace("Dockerfile", `FROM ${registry.host}/a/b/c:1\nCOPY Dockerfile /two\n`);
    const built = await box.docker(["build", "-q", "-t", "mine", box.workspace]);
    expect(built.stderr).not.toContain("rror");
    expect(await fileIn(box, "mine", "/hello")).toBe("hello\n");
    await box.docker(["rmi", "-f", "mine", `${registry.host}/a/b/c:1`]);
    await box.docker(["image", "prune", "-af"]);
    await box.docker(["builder", "prune", "-af"]);
  });

  test.for([
    ["no rule at all", undefined, "team/app:1"],
    ["a rule of pushes", { action: "push", images: "HOST/team/*" }, "team/app:1"],
    ["another tag", { action: "pull", images: "HOST/team/app:2" }, "team/app:1"],
    ["another path", { action: "pull", images: "HOST/team/*" }, "team/app/deep:1"],
    ["another digest", { action: "pull", images: `HOST/team/app@sha256:${"b".repeat(64)}` }, `team/app@sha256:${"a".repeat(64)}`],
    ["a tag where a digest is asked for", { action: "pull", images: "HOST/team/app:1" }, `team/app@sha256:${"a".repeat(64)}`],
    ["another registry", { action: "pull", images: "registry.example.org/team/*" }, "team/app:1"],
  ] as const)("with %s nobody is asked for an image", async ([, rule, wanted], { expect }) => {
    const registry = await startRegistry();
    await putImage(registry, "1");
    allow(...(rule === undefined ? [] : [{ ...rule, images: rule.images.replace("HOST", registry.host) }]));
    const before = await lab.state();
    const refused = await box.docker(["pull", `${registry.host}/${wanted}`]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("No rule lets this sandbox pull");
    expect(refused.stderr).toContain("sbx docker allow-pull");
    expect(registry.asked).toEqual([]);
    expect(await lab.state()).toBe(before);
  });

  const LIES: readonly (readonly [string, Oddity])[] = [
    [
      "whose manifest is another than its digest says",
      {
        given: (part, bytes) => (part === "manifest" ? Buffer.concat([bytes, Buffer.from(" ")]) : bytes),
        index: (one) => ({ manifests: [{ ...one, platform: { os: "linux", architecture: ARCHITECTURE } }] }),
      },
    ],
    ["whose configuration was changed on the way", { given: (part, bytes) => (part === "config" ? forge(bytes) : bytes) }],
    ["whose layer was changed on the way", { given: (part, bytes) => (part === "layer" ? forge(bytes) : bytes) }],
    ["whose layer is cut", { given: (part, bytes) => (part === "layer" ? bytes.subarray(0, 20) : bytes) }],
    ["whose layer goes on", { given: (part, bytes) => (part === "layer" ? Buffer.concat([bytes, Buffer.alloc(100_000)]) : bytes) }],
    ["of another machine", { config: { architecture: "s390x" } }],
    ["of another system", { config: { os: "windows" } }],
    ["with more layers than its configuration has", { config: { rootfs: { type: "layers", diff_ids: [] } } }],
    [
      "whose layer lies elsewhere",
      {
        manifest: (usual) => ({
          ...usual,
          layers: [{ mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", digest: digest(Buffer.from("x")), size: 1, urls: ["http://127.0.0.1/"] }],
        }),
      },
    ],
    ["that is no image", { manifest: (usual) => ({ ...usual, config: { ...(usual["config"] as object), mediaType: "application/vnd.oci.empty.v1+json" } }) }],
    ["that is a list and an image at once", { manifest: (usual) => ({ ...usual, manifests: [] }) }],
    ["that a list of lists leads to", { manifest: () => ({ schemaVersion: 2, manifests: [] }), index: (one) => ({ manifests: [{ ...one, platform: { os: "linux", architecture: ARCHITECTURE } }] }) }],
    ["that is not there for this machine", { index: (one) => ({ manifests: [{ ...one, platform: { os: "linux", architecture: "s390x" } }] }) }],
    ["with a digest that is a path", { manifest: (usual) => ({ ...usual, config: { ...(usual["config"] as object), digest: "../../../v2/other/blobs/x" } }) }],
    ["whose configuration is larger than any is", { manifest: (usual) => ({ ...usual, config: { ...(usual["config"] as object), size: 1 << 30 } }) }],
    ["that would fill the disk", { manifest: (usual) => ({ ...usual, layers: [{ ...(usual["layers"] as readonly object[])[0], size: 2 ** 50 }] }) }],
  ];
  test.for(LIES)("an image %s is refused, and nothing of it stays", async ([, oddity], { expect }) => {
    const registry = await startRegistry();
    await putImage(registry, "1", oddity);
    allow({ action: "pull", images: `${registry.host}/**` });
    const before = await lab.state();
    const refused = await box.docker(["pull", `${registry.host}/evil:1`]);
    expect(refused.code, refused.stdout).not.toBe(0);
    expect(refused.stderr).not.toContain("the guard failed");
    expect(await names(box)).toEqual([IMAGE]);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("an image that has no room, or unpacks to more than there is room for, is refused whole", async ({ expect }) => {
    const registry = await startRegistry();
    await putImage(registry, "bomb", { files: { zeros: Buffer.alloc(40 << 20) } });
    await putImage(registry, "large", { files: { noise: randomBytes(3 << 20) } });
    allow({ action: "pull", images: `${registry.host}/**` });
    const registries = createRegistryImages({ registries: () => Promise.resolve(allowed), rules: () => [], login: () => Promise.resolve(undefined), scope: "" });
    await using small = await lab.guard({ registries, limits: { imageBytes: 2 << 20 } });
    const before = await lab.state();
    for (const tag of ["bomb", "large"]) expect((await small.docker(["pull", `${registry.host}/x:${tag}`])).stderr).toMatch(/no room for the image|MiB, which is the most/);
    expect(await lab.state()).toBe(before);
  });

  test("a login goes to its registry alone, and is seen nowhere", async ({ expect }) => {
    const registry = await startRegistry({ token: { basic: BASIC } });
    await putImage(registry, "1");
    allow({ action: "pull", images: `${registry.host}/team/*` });
    expect((await box.docker(["pull", `${registry.host}/team/app:1`])).stderr).toContain("without a login");
    allow({ action: "pull", images: `${registry.host}/team/*`, secret: "robot" }, { action: "pull", images: `${registry.host}/team/app` });
    const pulled = await box.docker(["pull", `${registry.host}/team/app:1`]);
    expect(pulled.code, pulled.stderr).toBe(0);
    expect(registry.asked.filter(({ authorization }) => authorization === `Basic ${BASIC}`).map(({ line }) => line)).toEqual(["GET /token"]);
    expect(pulled.stdout + pulled.stderr).not.toMatch(/p4ss|a-token/);
    const events = JSON.stringify(await box.ask("GET", "/v1.41/events?since=0&until=1"));
    expect(events).not.toMatch(/p4ss|a-token/);
    await box.docker(["rmi", "-f", `${registry.host}/team/app:1`]);
    await box.docker(["image", "prune", "-af"]);
    allow({ action: "pull", images: `${registry.host}/team/*`, secret: "nobody" });
    expect((await box.docker(["pull", `${registry.host}/team/app:1`])).stderr).toContain("sbx secret set nobody");
  });

  test("a registry that sends somewhere else for a token gets no login sent there", async ({ expect }) => {
    const thief = await startRegistry({ token: {} });
    const registry = await startRegistry({
      answer: (line) => (line.includes("manifests") ? { status: 401, headers: { "www-authenticate": `Bearer realm="http://${thief.host}/token",service="x"` } } : undefined),
    });
    allow({ action: "pull", images: `${registry.host}/**`, secret: "robot" });
    const refused = await box.docker(["pull", `${registry.host}/x:1`]);
    expect(refused.stderr).toContain("the login does not go there");
    expect(thief.asked).toEqual([]);
    allow({ action: "pull", images: `${registry.host}/**` });
    expect((await box.docker(["pull", `${registry.host}/x:1`])).code).not.toBe(0);
    expect(thief.asked).toEqual([]);
  });

  test.for([
    "http://OTHER/v2/x",
    "https://OTHER/v2/x",
    "http://169.254.169.254/latest/meta-data",
    "https://169.254.169.254/",
    "https://host.docker.internal/x",
    "https://10.0.0.1/",
    "file:///etc/passwd",
    "https://[::1]/",
    "//OTHER/x",
    "https://localhost/",
  ])("a registry that keeps its bytes at %s is not followed there", async (location, { expect }) => {
    const inside = await startRegistry();
    const registry: Registry = await startRegistry({ answer: (line) => (line.includes("/blobs/") ? { status: 307, headers: { location: location.replace("OTHER", inside.host) } } : undefined) });
    await putImage(registry, "1");
    allow({ action: "pull", images: `${registry.host}/**` });
    const before = await lab.state();
    const refused = await box.docker(["pull", `${registry.host}/x:1`]);
    expect(refused.code).not.toBe(0);
    expect(inside.asked).toEqual([]);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("a name in one sandbox says nothing about that name in another, nor on the host", async ({ expect }) => {
    const registry = await startRegistry();
    await putImage(registry, "1", { files: { hello: "theirs\n" } });
    allow({ action: "pull", images: `${registry.host}/**` });
    const name = `${registry.host}/x:1`;
    await lab.raw.call({ method: "POST", path: ["images", lab.image.id, "tag"], query: { repo: `${registry.host}/x`, tag: "1" } });
    await other.docker(["tag", IMAGE, name]);
    expect((await box.docker(["pull", name])).code).toBe(0);
    expect(await fileIn(box, name, "/hello")).toBe("theirs\n");
    expect((await other.docker(["inspect", name, "--format", "{{.Id}}"])).stdout.trim()).toBe(lab.image.id);
    expect((await lab.raw.call({ method: "GET", path: ["images", name, "json"] })).body).toMatchObject({ Id: lab.image.id });
    await other.docker(["rmi", name]);
    await box.docker(["image", "prune", "-af"]);
    await lab.raw.call({ method: "DELETE", path: ["images", name] });
  });

  test("an image goes to where a rule of pushes lets it, can be pulled from there, and to nowhere else", async ({ expect }) => {
    const registry = await startRegistry({ token: { basic: BASIC } });
    const name = `${registry.host}/team/app:7`;
    const root = await layerOf({ kept: "kept\n" });
    await box.writeWorkspace("root.tar", root.toString("latin1"));
    await box.docker(["import", `${box.workspace}/root.tar`, name]);
    for (const rule of [undefined, { action: "pull", images: `${registry.host}/**`, secret: "robot" }, { action: "push", images: `${registry.host}/team/app:8`, secret: "robot" }] as const) {
      allow(...(rule === undefined ? [] : [rule]));
      const refused = await box.docker(["push", name]);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr + refused.stdout).toContain("No rule lets this sandbox push");
    }
    expect(registry.asked).toEqual([]);
    allow({ action: "push", images: `${registry.host}/team/*`, secret: "robot" });
    const pushed = await box.docker(["push", name]);
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(pushed.stdout).toMatch(/7: digest: sha256:[0-9a-f]{64} size: \d+/);
    const made = /sha256:[0-9a-f]{64}/.exec(pushed.stdout)?.[0] ?? "";
    expect(digest(registry.manifests.get("7") ?? Buffer.alloc(0))).toBe(made);
    expect((await box.docker(["push", name])).stdout).toContain("Layer already exists");
    // Nothing of sbx's is in what others see.
    for (const bytes of [...registry.manifests.values(), ...registry.blobs.values()]) expect(bytes.toString("latin1")).not.toContain("dev.sbx");
    allow({ action: "pull", images: `${registry.host}/team/*`, secret: "robot" });
    expect((await other.docker(["pull", name])).code).toBe(0);
    expect(await fileIn(other, name, "/kept")).toBe("kept\n");
    for (const sandbox of [box, other]) {
      await sandbox.docker(["rmi", "-f", name]);
      await sandbox.docker(["image", "prune", "-af"]);
    }
    expect([...box.faults, ...other.faults]).toEqual([]);
  });

  test("a registry cannot send an image on to another host, and what is not the sandbox's cannot be pushed", async ({ expect }) => {
    const thief = await startRegistry();
    const registry = await startRegistry({
      answer: (line) => (line.startsWith("POST") ? { status: 202, headers: { location: `http://${thief.host}/v2/x/blobs/uploads/1` } } : line.startsWith("HEAD") ? { status: 404 } : undefined),
    });
    allow({ action: "push", images: `${registry.host}/**` });
    const name = `${registry.host}/x:1`;
    await box.docker(["import", `${box.workspace}/root.tar`, name]);
    expect((await box.docker(["push", name])).stderr).toContain("another host");
    expect(thief.asked).toEqual([]);
    await box.docker(["rmi", name]);
    expect((await box.docker(["push", name])).code).not.toBe(0);
    await lab.raw.call({ method: "POST", path: ["images", lab.image.id, "tag"], query: { repo: `${registry.host}/host`, tag: "1" } });
    expect((await box.docker(["push", `${registry.host}/host:1`])).code).not.toBe(0);
    await lab.raw.call({ method: "DELETE", path: ["images", `${registry.host}/host:1`] });
    expect(registry.manifests.size).toBe(0);
  });
});
