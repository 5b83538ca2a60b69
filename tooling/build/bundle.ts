import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile, type OutputFile } from "esbuild";
import { bundleOptions } from "./bundle-options.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const APPS = ["apps/cli", "apps/daemon"];
/** What is left of a package that hides from bundlers what it is made of: it would fail when it is used. */
const ASKS_FOR_PART = /\brequire\d*\("\.\.?\/(?!(?:\.\.\/)*node_modules\/)[^"]*"\)/;

/**
 * Put the sources of one program of the clone together into few files: Node then reads two instead of some hundred.
 *
 * The result lies below the program's `node_modules/.cache/bundle`, in a directory named by its content, so that whoever runs
 * an older one can go on. `current.json` names it and every source it was made from with size and time of change: the launcher
 * takes it only as long as all of them are as they were.
 */
async function bundle(app: string): Promise<void> {
  const bundles = path.join(ROOT, app, "node_modules/.cache/bundle");
  const { outputFiles, metafile } = await build({
    ...bundleOptions({ entry: path.join(app, "src/bin.ts"), output: path.join(bundles, "made") }),
    absWorkingDir: ROOT,
    metafile: true,
    write: false,
  });
  for (const { path: file, text } of outputFiles) {
    const part = ASKS_FOR_PART.exec(text)?.[0];
    if (part !== undefined) throw new Error(`${path.basename(file)}: a package asks for a part of itself that is not in the bundle: ${part}`);
  }
  const name = contentHash(outputFiles);
  await place(path.join(bundles, name), outputFiles);
  const stamp = path.join(bundles, `current.${String(process.pid)}`);
  writeFileSync(stamp, JSON.stringify({ entry: path.join(name, "bin.mjs"), sources: sourcesOf(metafile) }));
  renameSync(stamp, path.join(bundles, "current.json"));
}

function contentHash(files: readonly OutputFile[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${path.basename(file.path)}\0`).update(file.contents);
  return hash.digest("hex").slice(0, 16);
}

/** A directory is complete or not there: it gets its name last. */
async function place(directory: string, files: readonly OutputFile[]): Promise<void> {
  if (existsSync(directory)) return;
  const making = `${directory}.${String(process.pid)}`;
  mkdirSync(making, { recursive: true });
  for (const file of files) writeFileSync(path.join(making, path.basename(file.path)), file.contents);
  try {
    renameSync(making, directory);
  } catch (error) {
    rmSync(making, { recursive: true });
    if (!existsSync(directory)) throw error;
  }
}

/** What the bundle was made from: our own sources, and the lockfile for all that is not ours. */
function sourcesOf(metafile: Metafile): readonly (readonly [file: string, size: number, changed: number])[] {
  const own = Object.keys(metafile.inputs).filter((file) => !file.includes("node_modules/"));
  return ["pnpm-lock.yaml", ...own].map((file) => {
    const { size, mtimeMs } = statSync(path.join(ROOT, file));
    return [file, size, mtimeMs];
  });
}

await Promise.all(APPS.map(bundle));
