import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { Registry } from "../../../apps/daemon/test/mcp/support/registry.ts";

const KINDS = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};
export const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

/** SHA-256 as registries write it. */
export function digest(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A tar of these files. */
export async function layerOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  return buffer(tar);
}

/** What is different in an image that a registry has. */
export interface Oddity {
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Members of the configuration, over the usual ones. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly manifest?: (usual: Readonly<Record<string, unknown>>) => unknown;
  /** Bytes that are given for what was announced, by what they are. */
  readonly given?: (part: "layer" | "config" | "manifest", bytes: Buffer) => Buffer;
  /** A list of images leads to it. */
  readonly index?: (manifest: { readonly digest: string; readonly size: number }) => unknown;
}

/** Put an image of one layer into a registry. @returns the digest of its manifest, and how many bytes its layer has unpacked */
export async function putImage(
  { manifests, blobs }: Registry,
  tag: string,
  { files = { hello: "hello\n" }, config = {}, manifest: change = (one) => one, given = (_part, bytes) => bytes, index }: Oddity = {},
): Promise<{ readonly digest: string; readonly bytes: number }> {
  const plain = await layerOf(files);
  const layer = gzipSync(plain);
  const configBytes = Buffer.from(JSON.stringify({ architecture: ARCHITECTURE, os: "linux", config: { Cmd: ["cat", "/hello"] }, rootfs: { type: "layers", diff_ids: [digest(plain)] }, ...config }));
  const usual = {
    schemaVersion: 2,
    mediaType: KINDS.manifest,
    config: { mediaType: KINDS.config, digest: digest(configBytes), size: configBytes.length },
    layers: [{ mediaType: KINDS.layer, digest: digest(layer), size: layer.length }],
  };
  const manifest = Buffer.from(JSON.stringify(change(usual)));
  blobs.set(digest(layer), given("layer", layer));
  blobs.set(digest(configBytes), given("config", configBytes));
  manifests.set(digest(manifest), given("manifest", manifest));
  if (index === undefined) {
    manifests.set(tag, given("manifest", manifest));
    return { digest: digest(manifest), bytes: plain.length };
  }
  const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: KINDS.index, ...(index({ digest: digest(manifest), size: manifest.length }) as object) }));
  manifests.set(tag, list);
  manifests.set(digest(list), list);
  return { digest: digest(list), bytes: plain.length };
}
