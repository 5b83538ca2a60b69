import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";

/** One entry of a build context. `path` is relative, with forward slashes; `mode` stands where a recipe gives one. */
export type ContextFile =
  | { readonly kind: "directory"; readonly path: string; readonly mode?: number }
  | { readonly kind: "text"; readonly path: string; readonly text: string; readonly mode?: number }
  /** A file of the host. `sizeBytes` is its size when it was looked at: a file that changes meanwhile fails the build. */
  | { readonly kind: "file"; readonly path: string; readonly source: string; readonly sizeBytes: number; readonly executable: boolean; readonly mode?: number }
  /** A link that stays inside the context. */
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** Write a build context as an uncompressed tar. Owner, times and order depend on nothing but the list, so that the same list gives the same bytes. */
export function packContext(files: readonly ContextFile[]): Readable {
  const tar = pack();
  void writeAll(tar, files).then(
    () => {
      tar.finalize();
    },
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return Readable.from(tar);
}

async function writeAll(tar: Pack, files: readonly ContextFile[]): Promise<void> {
  for (const file of files) await writeOne(tar, file);
}

const EPOCH = new Date(0);

async function writeOne(tar: Pack, file: ContextFile): Promise<void> {
  const common = { name: file.path, mtime: EPOCH, uid: 0, gid: 0 };
  switch (file.kind) {
    case "directory":
      tar.entry({ ...common, type: "directory", mode: file.mode ?? 0o755 });
      return;
    case "link":
      tar.entry({ ...common, type: "symlink", linkname: file.target, mode: 0o777 });
      return;
    case "text":
      tar.entry({ ...common, mode: file.mode ?? 0o644 }, file.text);
      return;
    case "file": {
      const entry = tar.entry({ ...common, mode: file.mode ?? (file.executable ? 0o755 : 0o644), size: file.sizeBytes });
      await pipeline(createReadStream(file.source), entry);
    }
  }
}
