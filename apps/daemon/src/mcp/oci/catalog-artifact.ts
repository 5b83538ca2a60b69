import { createHash } from "node:crypto";
import * as z from "zod";

/** Kind of artifact under which registries keep catalogs (as Docker's tools write and read them). */
const CATALOG_ARTIFACT = "application/vnd.docker.mcp.catalog.v1+json";
/** Media type of a manifest. */
export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
/** The configuration of an artifact that has none: two bytes that every registry knows. */
export const EMPTY_CONFIG = { mediaType: "application/vnd.oci.empty.v1+json", text: "{}" } as const;
/** Longest catalog and longest manifest that are taken. */
export const MAX_CATALOG_BYTES = 8 << 20;
export const MAX_MANIFEST_BYTES = 1 << 20;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "a digest is sha256: and 64 hexadecimal digits");
const Descriptor = z.looseObject({ mediaType: z.string(), digest: Digest, size: z.number().int().nonnegative() });

/** Manifest of a catalog: one layer, which is its document. */
export const CatalogManifest = z.looseObject({
  schemaVersion: z.literal(2),
  artifactType: z.literal(CATALOG_ARTIFACT, "it is no catalog of MCP servers"),
  config: Descriptor,
  layers: z.tuple([z.looseObject({ ...Descriptor.shape, mediaType: z.literal("application/json"), size: z.number().int().positive().max(MAX_CATALOG_BYTES) })]),
});
export type CatalogManifest = z.infer<typeof CatalogManifest>;

/** SHA-256 as registries write it. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The manifest of a catalog's document. */
export function manifestOf(document: Uint8Array): Buffer {
  const config = Buffer.from(EMPTY_CONFIG.text);
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      artifactType: CATALOG_ARTIFACT,
      config: { mediaType: EMPTY_CONFIG.mediaType, digest: digestOf(config), size: config.byteLength },
      layers: [{ mediaType: "application/json", digest: digestOf(document), size: document.byteLength }],
    }),
  );
}
