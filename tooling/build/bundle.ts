import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleCommandLine } from "./bundle-command-line.ts";
import { bundleDaemon } from "./bundle-daemon.ts";
import type { Bundle, MakeBundle } from "./bundled.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What is left of a package that hides from bundlers what it is made of: it would fail when it is used. */
const ASKS_FOR_PART = /\brequire\d*\("\.\.?\/(?!(?:\.\.\/)*node_modules\/)[^"]*"\)/;

/**
 * Put the sources of one program of the clone together into few files: Node then reads two instead of some hundred.
 *
 * The result lies below the program's `node_modules/.cache/bundle`, in a directory named by its content, so that whoever runs
 * an older one can go on. `current.json` names it and every source it was made from with size and time of change: the launcher
 * takes it only as long as all of them are as they were.
 */
async function bundle(app: string, make: MakeBundle): Promise<void> {
  const bundles = path.join(ROOT, app, "node_modules/.cache/bundle");
  const { files, inputs } = await make({ root: ROOT, entry: path.join(app, "src/bin.ts"), output: path.join(bundles, "made") });
  for (const { name, text } of files) {
    const part = ASKS_FOR_PART.exec(text)?.[0];
    if (part !== undefined) throw new Error(`${name}: a package asks for a part of itself that is not in the bundle: ${part}`);
  }
  const name = contentHash(files);
  await place(path.join(bundles, name), files);
  const stamp = path.join(bundles, `current.${String(process.pid)}`);
  writeFileSync(stamp, JSON.stringify({ entry: path.join(name, "bin.mjs"), sources: sourcesOf(inputs) }));
  renameSync(stamp, path.join(bundles, "current.json"));
}

function contentHash(files: Bundle["files"]): string {
  const hash = createHash("sha256");
  for (const { name, text } of files) hash.update(`${name}\0`).update(text);
  return hash.digest("hex").slice(0, 16);
}

/** A directory is complete or not there: it gets its name last. */
async function place(directory: string, files: Bundle["files"]): Promise<void> {
  if (existsSync(directory)) return;
  const making = `${directory}.${String(process.pid)}`;
  mkdirSync(making, { recursive: true });
  for (const { name, text } of files) writeFileSync(path.join(making, name), text);
  try {
    renameSync(making, directory);
  } catch (error) {
    rmSync(making, { recursive: true });
    if (!existsSync(directory)) throw error;
  }
}

/** What the bundle was made from: our own sources, and the lockfile for all that is not ours. */
function sourcesOf(inputs: Bundle["inputs"]): readonly (readonly [file: string, size: number, changed: number])[] {
  const own = inputs.filter((file) => !file.includes("node_modules/"));
  return ["pnpm-lock.yaml", ...own].map((file) => {
    const { size, mtimeMs } = statSync(path.join(ROOT, file));
    return [file, size, mtimeMs];
  });
}

await Promise.all([bundle("apps/cli", bundleCommandLine), bundle("apps/daemon", bundleDaemon)]);
