import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

/** Where a directory of this name, made from this, is kept when it is. */
export function placeOf(name: string, content: string): string {
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "sbx-tests");
  return path.join(cache, `${name}-${createHash("sha256").update(content).digest("hex").slice(0, 16)}`);
}

/** Make a directory once for all runs and checkouts, kept under its name and a hash of what it is made from. Resolves with its path. */
export async function keepOnce(name: string, content: string, make: (directory: string) => Promise<void>): Promise<string> {
  const kept = placeOf(name, content);
  if (existsSync(kept)) return kept;
  await mkdir(path.dirname(kept), { recursive: true });
  const fresh = await mkdtemp(`${kept}.`);
  try {
    await make(fresh);
    // Another run that makes the same may have been first.
    await rename(fresh, kept).catch((error: unknown) => {
      if (!existsSync(kept)) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return kept;
}
