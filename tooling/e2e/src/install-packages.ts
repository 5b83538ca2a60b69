import { cp, writeFile } from "node:fs/promises";
import path from "node:path";
import { keepOnce } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

/** Clients of Docker's API as services use them in their tests. */
const PACKAGES = { "@testcontainers/postgresql": "12.2.0", dockerode: "5.0.1", pg: "8.23.1", testcontainers: "12.2.0" };

/** Install the clients once for all runs, without running anything of them, and copy them into a project. */
export async function installClients(project: string): Promise<void> {
  const manifest = JSON.stringify({ name: "clients", private: true, type: "module", dependencies: PACKAGES });
  const kept = await keepOnce("docker-clients", manifest, async (directory) => {
    await writeFile(path.join(directory, "package.json"), manifest);
    await needProgram("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
  });
  await cp(kept, project, { recursive: true });
}
