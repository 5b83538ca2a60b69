import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { keepOnce } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PNPM = ["-y", "-p", "pnpm@12"];
/** Where the check of packages keeps what it built, by content: it has run before. */
const BUILT = path.join(homedir(), ".cache", "sbx-tests", "turbo");

/**
 * Build and pack the SDK, its peer the daemon, and all that both need, as a release would; then install the tarballs with npm in a
 * directory that knows nothing of this repository. The installation is kept by the content of the tarballs.
 *
 * @returns the directory, with `node_modules` in it; it is shared, so copy or link from it
 */
export async function installPackedSdk(): Promise<string> {
  const env = { TURBO_TELEMETRY_DISABLED: "1" };
  await needProgram("npx", [...PNPM, "turbo", "run", "build", "//#declarations", "--output-logs=errors-only", `--cache-dir=${BUILT}`], { cwd: ROOT, env });
  const place = await mkdtemp(path.join(tmpdir(), "sbx-packed-"));
  try {
    await needProgram("npx", [...PNPM, "pnpm", "-r", "--filter", "sbxd...", "pack", "--pack-destination", place], { cwd: ROOT, env });
    const tarballs = (await readdir(place)).toSorted().map((name) => path.join(place, name));
    return await keepOnce("packed-sdk", await contentOf(tarballs), async (directory) => {
      await writeFile(path.join(directory, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
      await needProgram("npm", ["install", "--no-audit", "--no-fund", "--no-save", "--no-package-lock", ...tarballs], { cwd: directory, env });
    });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function contentOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(path.basename(file)).update(await readFile(file));
  return hash.digest("hex");
}
