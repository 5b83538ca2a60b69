import { cp, writeFile } from "node:fs/promises";
import path from "node:path";
import { keepOnce } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

/** Install what a manifest names once for all runs, without running anything of it, and copy it into a project. */
export async function installPackages(name: string, manifest: string, project: string): Promise<void> {
  const kept = await keepOnce(name, manifest, async (directory) => {
    await writeFile(path.join(directory, "package.json"), manifest);
    await needProgram("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
  });
  await cp(path.join(kept, "node_modules"), path.join(project, "node_modules"), { recursive: true, verbatimSymlinks: true });
}
