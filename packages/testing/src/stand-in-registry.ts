import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** What a stand-in registry has changed on the way, after its digests were written down. */
export type Forgery = "manifest" | "config" | "layer";

export interface RegistryImage {
  /** As in a reference, without tag: "library/debian". */
  readonly name: string;
  readonly tag: string;
  /** Uncompressed tar of the only layer. */
  readonly layer: Buffer;
  readonly forged?: Forgery;
}

/** An image registry that runs on this machine's loopback. */
export interface StandInRegistry extends AsyncDisposable {
  /** Host and port, as in a reference. */
  readonly address: string;
  /** Digests of manifest and config by the registry's word; an engine names the image by the latter. */
  readonly digests: { readonly manifest: string; readonly config: string };
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
}

/** Serve one image by the part of the distribution protocol that a pull needs: `/v2/`, manifests, blobs. */
export async function startStandInRegistry({ name, tag, layer, forged }: RegistryImage): Promise<StandInRegistry> {
  const config = Buffer.from(JSON.stringify({ architecture: process.arch === "x64" ? "amd64" : process.arch, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [digest(layer)] } }));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: "application/vnd.docker.container.image.v1+json", size: config.length, digest: digest(config) },
      layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar", size: layer.length, digest: digest(layer) }],
    }),
  );
  const digests = { manifest: digest(manifest), config: digest(config) };
  const give = (which: Forgery, bytes: Buffer): Buffer => (forged === which ? forge(bytes) : bytes);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = (request.url ?? "").replace(/\?.*$/, "");
    asked.push(url);
    response.setHeader("docker-distribution-api-version", "registry/2.0");
    if (url === "/v2/") send(response, { type: "application/json", bytes: Buffer.from("{}") });
    else if (url === `/v2/${name}/manifests/${tag}` || url === `/v2/${name}/manifests/${digests.manifest}`)
      send(response, { type: MANIFEST, bytes: give("manifest", manifest), head: request.method === "HEAD", digest: digests.manifest });
    else if (url === `/v2/${name}/blobs/${digests.config}`) send(response, { type: "application/octet-stream", bytes: give("config", config) });
    else if (url === `/v2/${name}/blobs/${digest(layer)}`) send(response, { type: "application/octet-stream", bytes: give("layer", layer) });
    else response.writeHead(404, { "content-type": "application/json" }).end('{"errors":[{"code":"NOT_FOUND"}]}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    address: `127.0.0.1:${address.port}`,
    digests,
    asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, { type, bytes, head = false, digest: of }: { readonly type: string; readonly bytes: Buffer; readonly head?: boolean; readonly digest?: string }): void {
  response.writeHead(200, { "content-type": type, "content-length": bytes.length, ...(of === undefined ? {} : { "docker-content-digest": of }) });
  response.end(head ? undefined : bytes);
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The same length and form, other content: one digit or letter of the last word is another. */
function forge(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.findLastIndex((byte) => /[0-8a-y]/.test(String.fromCharCode(byte)));
  copy[at] = (copy[at] ?? 0) + 1;
  return copy;
}
