import { createHash } from "node:crypto";
import { JsonRefused, parseJsonBytes } from "@sbx/contracts";
import * as z from "zod";
import { registryFailed } from "./registry-ways.ts";

/** Kinds of documents by which registries describe images, for many systems or for one. */
const INDEXES = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
const MANIFESTS = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];
/** Value of Accept. */
export const MANIFEST_KINDS = [...INDEXES, ...MANIFESTS].join(", ");
/** The longest document of an image that is read. */
export const MAX_DOCUMENT_BYTES = 4 << 20;

/** What is written when we make one. */
export const PUSHED = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

const LAYERS = [
  PUSHED.layer,
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
] as const;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "a digest is sha256: and 64 hexadecimal digits");
const Descriptor = z.object({ digest: Digest, size: z.int().min(0) });
const Index = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(Descriptor.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() })).max(256),
});
const Manifest = z.object({
  schemaVersion: z.literal(2),
  config: Descriptor.extend({ mediaType: z.enum([PUSHED.config, "application/vnd.oci.image.config.v1+json"], { error: "it is no image but something else that registries keep" }) }),
  layers: z.array(Descriptor.extend({ mediaType: z.enum(LAYERS, { error: "it has a layer of a kind that is not brought" }) })).max(125),
});
export type Manifest = z.output<typeof Manifest>;

/** A document that was read: the image's own, or where the one for this system is. */
export type ReadManifest = { readonly kind: "manifest"; readonly manifest: Manifest } | { readonly kind: "elsewhere"; readonly digest: string };

/** SHA-256 as registries write it. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Read what a registry says of an image. @throws AppError `REGISTRY_FAILED` for what is no image for this system */
export function readManifest(bytes: Uint8Array, { host, architecture }: { readonly host: string; readonly architecture: string }): ReadManifest {
  const value = jsonOf(bytes, host);
  if (typeof value !== "object" || value === null || !("manifests" in value)) return { kind: "manifest", manifest: read(Manifest, value, host) };
  if ("layers" in value) throw registryFailed(host, "the image's manifest can be read in two ways");
  const found = read(Index, value, host).manifests.find(({ platform }) => platform?.os === "linux" && platform.architecture === architecture);
  if (found === undefined) throw registryFailed(host, `it has no image for linux/${architecture} under this name`);
  return { kind: "elsewhere", digest: found.digest };
}

function read<T>(schema: z.ZodType<T>, value: unknown, host: string): T {
  const { data, error, success } = schema.safeParse(value);
  if (!success) throw registryFailed(host, `the image's manifest is refused: ${error.issues[0]?.path.join(".") ?? ""} ${error.issues[0]?.message ?? ""}`);
  return data;
}

function jsonOf(bytes: Uint8Array, host: string): unknown {
  try {
    return parseJsonBytes(bytes);
  } catch (error) {
    if (error instanceof JsonRefused) throw registryFailed(host, `the image's manifest is refused: ${error.message}`);
    throw error;
  }
}
