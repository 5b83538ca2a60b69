import type { EngineId, ImageEngine } from "@sbx/core";

/** Files larger than this are read again each time, and of the others no more than this many are kept. */
const KEPT_BYTES = 64 * 1024;
const KEPT_FILES = 64;
/** A content's own name: what stands behind it never changes. */
const CONTENT_ID = /^sha256:[0-9a-f]{64}$/;

/** Keep small files of images that are named by their content: reading one takes a container each time. */
export function rememberFiles(read: ImageEngine["readFile"]): ImageEngine["readFile"] {
  const kept = new Map<string, Buffer>();
  return async (image: EngineId, path: string) => {
    const key = `${image}\n${path}`;
    const known = kept.get(key);
    if (known !== undefined) return Buffer.from(known);
    const bytes = await read(image, path);
    if (!CONTENT_ID.test(image) || bytes.byteLength > KEPT_BYTES) return bytes;
    const oldest = kept.size < KEPT_FILES ? undefined : kept.keys().next().value;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(key, Buffer.from(bytes));
    return bytes;
  };
}
