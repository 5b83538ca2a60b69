import * as z from "zod";
import { refusedImage } from "./refused-image.ts";

/** Where the format keeps a Kit's descriptor: in a manifest's annotations; in an image's labels, where an engine keeps no annotations. */
export const DESCRIPTOR_KEY = "vnd.docker.sandbox.kit.descriptor";

/** SHA-256 of a blob; the only kind that is taken, and the only names that blobs are found by. */
const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Annotations = z.record(z.string(), z.string()).optional();
const Reference = z.object({
  mediaType: z.string().default(""),
  digest: Digest,
  size: z.number().int().min(0),
  annotations: Annotations,
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});
export type BlobReference = z.infer<typeof Reference>;

export const Layout = z.object({ imageLayoutVersion: z.literal("1.0.0") });
export const Index = z.object({ schemaVersion: z.literal(2), manifests: z.array(Reference).min(1).max(100), annotations: Annotations });
export const Manifest = z.object({ schemaVersion: z.literal(2), config: Reference, layers: z.array(Reference).min(1).max(128), annotations: Annotations });
/** What an engine's own archive says of the images in it. */
export const EngineManifest = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()).min(1).max(128) })).length(1);

const Words = z.array(z.string().max(32_768)).max(1000).nullish();
export const ImageConfig = z.object({
  os: z.literal("linux"),
  architecture: z.string(),
  config: z.object({ User: z.string().nullish(), WorkingDir: z.string().nullish(), Env: Words, Entrypoint: Words, Cmd: Words, Labels: z.record(z.string(), z.string()).nullish() }).default({}),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(Digest).min(1).max(128) }),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/** Read a document of an image by its schema. @throws AppError `KIT_INVALID` */
export function readDocument<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  const value = parsed(text);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw refusedImage(`${what} is not what it has to be${issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
