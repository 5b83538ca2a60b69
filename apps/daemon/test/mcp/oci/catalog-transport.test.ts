import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it, onTestFinished } from "vitest";
import { createWebDispatcher } from "../../../src/web/web-dispatcher.ts";
import { createCatalogTransport } from "../../../src/mcp/oci/catalog-transport.ts";
import { parseImageReference } from "../../../src/mcp/oci/image-reference.ts";
import { directory } from "../support/directory.ts";
import { startRegistry } from "../support/registry.ts";

const signal = new AbortController().signal;
const DOCUMENT = '{"title":"Team","servers":[]}';
const sha = (text: string | Buffer): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

function transport(dockerConfig?: unknown) {
  const dockerConfigDirectory = directory();
  if (dockerConfig !== undefined) writeFileSync(path.join(dockerConfigDirectory, "config.json"), JSON.stringify(dockerConfig));
  const scope = new AsyncDisposableStack();
  onTestFinished(async () => {
    await scope.disposeAsync();
  });
  return createCatalogTransport({ dockerConfigDirectory, dispatcherOf: createWebDispatcher({ HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" }, scope) });
}

const manifestWith = (over: object, document = DOCUMENT): Buffer =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      artifactType: "application/vnd.docker.mcp.catalog.v1+json",
      config: { mediaType: "application/vnd.oci.empty.v1+json", digest: sha("{}"), size: 2 },
      layers: [{ mediaType: "application/json", digest: sha(document), size: Buffer.byteLength(document) }],
      ...over,
    }),
  );

describe("a catalog in a registry", () => {
  it("comes back as it was pushed, in the form of Docker's artifacts", async ({ expect }) => {
    const registry = await startRegistry();
    const catalogs = transport();
    const reference = `${registry.host}/team/catalog:1`;
    const { digest } = await catalogs.push(reference, DOCUMENT, signal);
    const manifest = registry.manifests.get("1");
    expect(JSON.parse(String(manifest))).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: "application/vnd.docker.mcp.catalog.v1+json",
      config: { mediaType: "application/vnd.oci.empty.v1+json", digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", size: 2 },
      layers: [{ mediaType: "application/json", digest: sha(DOCUMENT), size: DOCUMENT.length }],
    });
    expect(digest).toBe(sha(manifest ?? ""));
    expect(await catalogs.pull(reference, signal)).toMatchObject({ text: DOCUMENT, digest, notes: [expect.stringContaining("without credentials")] });
    expect(registry.asked.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it("is what its digest says where one is written, whatever the registry gives", async ({ expect }) => {
    const registry = await startRegistry();
    const catalogs = transport();
    const { digest } = await catalogs.push(`${registry.host}/team/catalog:1`, DOCUMENT, signal);
    registry.manifests.set(digest, registry.manifests.get("1") ?? Buffer.alloc(0));
    expect(await catalogs.pull(`${registry.host}/team/catalog:1@${digest}`, signal)).toMatchObject({ text: DOCUMENT, digest });
    const other = sha("another");
    registry.manifests.set(other, registry.manifests.get("1") ?? Buffer.alloc(0));
    await expect(catalogs.pull(`${registry.host}/team/catalog@${other}`, signal)).rejects.toMatchObject({ code: "REGISTRY_FAILED", message: expect.stringContaining(digest) });
  });

  it("is asked for with the credentials of docker login, once, and with the token that these gave", async ({ expect }) => {
    const basic = Buffer.from("me:password").toString("base64");
    const registry = await startRegistry({ token: { basic } });
    const catalogs = transport({ auths: { [registry.host]: { auth: basic } } });
    await catalogs.push(`${registry.host}/team/catalog:1`, DOCUMENT, signal);
    const tokens = registry.asked.filter(({ line }) => line === "GET /token");
    expect(tokens).toEqual([{ line: "GET /token", authorization: `Basic ${basic}` }]);
    expect(registry.asked.filter(({ authorization }) => authorization?.startsWith("Basic"))).toHaveLength(1);
  });

  it("is asked for without the credentials of docker login where another host is said to give the token", async ({ expect }) => {
    const basic = Buffer.from("me:password").toString("base64");
    const thief = await startRegistry({ answer: () => ({ body: '{"token":"a-token"}' }) });
    const registry = await startRegistry({
      answer: () => ({ status: 401, headers: { "www-authenticate": `Bearer realm="http://${thief.host}/token",service="here"` } }),
    });
    const catalogs = transport({ auths: { [registry.host]: { auth: basic }, [thief.host]: { auth: basic } } });
    await expect(catalogs.pull(`${registry.host}/team/catalog:1`, signal)).rejects.toThrow("it lets nobody read");
    expect(thief.asked).toEqual([{ line: "GET /token", authorization: undefined }]);
    expect(registry.asked.map(({ authorization }) => authorization)).toEqual([undefined, "Bearer a-token"]);
  });

  it("says that another host was not shown the credentials, when that gives no token without them", async ({ expect }) => {
    const basic = Buffer.from("me:password").toString("base64");
    const thief = await startRegistry({ token: { basic } });
    const registry = await startRegistry({ answer: () => ({ status: 401, headers: { "www-authenticate": `Bearer realm="http://${thief.host}/token"` } }) });
    await expect(transport({ auths: { [registry.host]: { auth: basic } } }).push(`${registry.host}/team/catalog:1`, DOCUMENT, signal)).rejects.toThrow("which no other host is shown");
    expect([...thief.asked, ...registry.asked].map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  it("is refused, with the words to log in, where nobody has", async ({ expect }) => {
    const registry = await startRegistry({ token: { basic: "bm8=" } });
    const problem = await transport({ credsStore: "desktop" })
      .pull(`${registry.host}/team/catalog:1`, signal)
      .catch((error: unknown) => error);
    expect(problem).toMatchObject({
      code: "REGISTRY_FAILED",
      fix: `Log in with: docker login ${registry.host}`,
      message: expect.stringContaining("docker-credential-desktop, which is not asked") as unknown,
    });
  });

  it.for([
    ["another kind of artifact", { artifactType: "application/vnd.docker.container.image.v1+json" }],
    ["two layers", { layers: [1, 2].map(() => ({ mediaType: "application/json", digest: sha(DOCUMENT), size: 10 })) }],
    ["a layer of another type", { layers: [{ mediaType: "application/octet-stream", digest: sha(DOCUMENT), size: DOCUMENT.length }] }],
    ["a digest that is none", { layers: [{ mediaType: "application/json", digest: "md5:0", size: 10 }] }],
    ["a layer that says it is huge", { layers: [{ mediaType: "application/json", digest: sha(DOCUMENT), size: 1 << 30 }] }],
    ["a document that is not what its digest says", { layers: [{ mediaType: "application/json", digest: sha("other"), size: DOCUMENT.length }] }],
    ["a document that is longer than it says", { layers: [{ mediaType: "application/json", digest: sha(DOCUMENT), size: DOCUMENT.length - 1 }] }],
  ] as const)("is not taken with %s", async ([, over], { expect }) => {
    const registry = await startRegistry({ answer: (line) => (line.includes("/blobs/") ? { body: DOCUMENT } : undefined) });
    registry.manifests.set("1", manifestWith(over));
    await expect(transport().pull(`${registry.host}/team/catalog:1`, signal)).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
  });

  it("is not taken when the registry contradicts itself about the manifest", async ({ expect }) => {
    const registry = await startRegistry({ answer: (line) => (line.includes("/manifests/") ? { headers: { "docker-content-digest": sha("other") }, body: manifestWith({}) } : undefined) });
    await expect(transport().pull(`${registry.host}/team/catalog:1`, signal)).rejects.toThrow("not sha256:");
  });

  it.for(["/manifests/", "/blobs/"])("ends when the answer to %s never ends", async (part, { expect }) => {
    const registry = await startRegistry({ answer: (line) => (line.includes(part) ? { body: Buffer.alloc(9 << 20, "x") } : undefined) });
    registry.manifests.set("1", manifestWith({}));
    await expect(transport().pull(`${registry.host}/team/catalog:1`, signal)).rejects.toThrow(/longer than/);
  });

  it("follows a redirect of its document, and shows the other host no credentials", async ({ expect }) => {
    const store = await startRegistry();
    store.blobs.set(sha(DOCUMENT), Buffer.from(DOCUMENT));
    const basic = Buffer.from("me:password").toString("base64");
    const registry = await startRegistry({
      token: { basic },
      answer: (line) => (line.includes("/blobs/") ? { status: 307, headers: { location: `http://${store.host}/v2/x/blobs/${sha(DOCUMENT)}` } } : undefined),
    });
    registry.manifests.set("1", manifestWith({}));
    expect((await transport({ auths: { [registry.host]: { auth: basic } } }).pull(`${registry.host}/team/catalog:1`, signal)).text).toBe(DOCUMENT);
    expect(store.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it("sends nobody to an address in clear: not for its document, not for a token", async ({ expect }) => {
    const there = await startRegistry({ answer: (line) => (line.includes("/blobs/") ? { status: 307, headers: { location: "http://registry.example.org/x" } } : undefined) });
    there.manifests.set("1", manifestWith({}));
    await expect(transport().pull(`${there.host}/team/catalog:1`, signal)).rejects.toThrow("not https");
    const asking = await startRegistry({ answer: () => ({ status: 401, headers: { "www-authenticate": 'Bearer realm="http://evil.example.org/token"' } }) });
    await expect(transport({ auths: { [asking.host]: { auth: "bWU6cHc=" } } }).pull(`${asking.host}/team/catalog:1`, signal)).rejects.toThrow("not https");
  });

  it("goes round no redirects without end", async ({ expect }) => {
    const registry = await startRegistry({ answer: (line) => (line.includes("/blobs/") ? { status: 307, headers: { location: "." } } : undefined) });
    registry.manifests.set("1", manifestWith({}));
    await expect(transport().pull(`${registry.host}/team/catalog:1`, signal)).rejects.toThrow("redirects");
  });
});

describe("a reference", () => {
  it.for([
    ["registry.example.org/team/catalog:1", { registry: "registry.example.org", repository: "team/catalog", reference: "1" }],
    ["registry.example.org:5000/team/catalog", { registry: "registry.example.org:5000", repository: "team/catalog", reference: "latest" }],
    ["mcp/docker-mcp-catalog:latest", { registry: "registry-1.docker.io", repository: "mcp/docker-mcp-catalog", reference: "latest" }],
    ["localhost/catalog", { registry: "localhost", repository: "catalog", reference: "latest" }],
    ["catalog", { registry: "registry-1.docker.io", repository: "library/catalog", reference: "latest" }],
  ] as const)("%s is read as container tools do", ([text, parsed], { expect }) => {
    expect(parseImageReference(text)).toEqual(parsed);
  });

  it("gives a path of one registry or a problem, whatever it is", ({ expect }) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9./:@?#%-]{0,30}$/)), (text) => {
        try {
          const { registry, repository, reference } = parseImageReference(text);
          const url = new URL(`https://${registry}/v2/${repository}/manifests/${reference}`);
          expect(url.pathname).toBe(`/v2/${repository}/manifests/${reference}`);
          expect([url.username, url.search, url.hash]).toEqual(["", "", ""]);
        } catch (error) {
          expect(AppError.is(error)).toBe(true);
        }
      }),
    );
  });
});
