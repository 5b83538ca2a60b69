import { constants } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { AppError } from "@sbx/contracts";
import { KIT_ROOT_TAR } from "@sbx/core";
import type { ContextFile } from "./context-file.ts";

export interface ContextLimits {
  readonly maxFiles: number;
  readonly maxBytes: number;
}

/** A recipe is a Dockerfile and a few files; more than this is a directory given by mistake. */
const RECIPE_LIMITS: ContextLimits = { maxFiles: 2_000, maxBytes: 64 * 1024 * 1024 };

/**
 * List a directory as a build context, in a fixed order, without following any link.
 *
 * @throws AppError `KIT_INVALID` for a link that leaves the directory, a socket, FIFO or device, a name with a control
 * character, or a directory over the limits: none of these may reach the engine.
 */
export async function readContext(directory: string, limits: ContextLimits = RECIPE_LIMITS): Promise<readonly ContextFile[]> {
  const files: ContextFile[] = [];
  let bytes = 0;
  for await (const file of walk(directory, "")) {
    bytes += file.kind === "file" && file.path !== KIT_ROOT_TAR ? file.sizeBytes : 0;
    files.push(file);
    if (files.length > limits.maxFiles || bytes > limits.maxBytes) {
      throw refused(directory, `it holds more than ${limits.maxFiles} files or ${limits.maxBytes} bytes`);
    }
  }
  return files;
}

async function* walk(root: string, path: string): AsyncGenerator<ContextFile> {
  const names = (await readdir(join(root, path))).toSorted();
  for (const name of names) {
    const inner = path === "" ? name : `${path}/${name}`;
    const file = await look(root, inner);
    yield file;
    if (file.kind === "directory") yield* walk(root, inner);
  }
}

async function look(root: string, path: string): Promise<ContextFile> {
  if (/\p{Cc}/u.test(path)) throw refused(root, `the name ${JSON.stringify(path)} has a control character`);
  const source = join(root, path);
  const stat = await lstat(source);
  if (stat.isDirectory()) return { kind: "directory", path };
  if (stat.isFile()) return { kind: "file", path, source, sizeBytes: stat.size, executable: (stat.mode & constants.S_IXUSR) !== 0 };
  if (!stat.isSymbolicLink()) throw refused(root, `${JSON.stringify(path)} is neither a file nor a directory`);
  const target = await readlink(source);
  const end = posix.normalize(posix.join(posix.dirname(path), target));
  if (target.startsWith("/") || end === ".." || end.startsWith("../")) throw refused(root, `the link ${JSON.stringify(path)} leads out of it`);
  return { kind: "link", path, target };
}

function refused(directory: string, why: string): AppError {
  return new AppError("KIT_INVALID", {
    message: `The directory ${JSON.stringify(directory)} cannot be a build context: ${why}.`,
    fix: "Keep only what the Dockerfile copies in the directory, as ordinary files.",
    details: { directory },
  });
}
