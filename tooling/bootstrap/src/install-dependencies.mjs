import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./run-command.mjs";
import { SetUpProblem } from "./set-up-problem.mjs";

const PNPM = "pnpm@12";
const GROUPS = ["packages", "apps", "tooling"];

/**
 * Name what an installation depends on: the lockfile, the settings and every manifest.
 *
 * @param {string} root
 * @returns {string}
 */
export function installationHash(root) {
  const members = GROUPS.flatMap((group) =>
    existsSync(join(root, group))
      ? readdirSync(join(root, group))
          .toSorted()
          .map((name) => join(group, name, "package.json"))
      : [],
  );
  const hash = createHash("sha256");
  for (const path of ["pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", "package.json", ...members]) {
    const file = join(root, path);
    hash.update(`${path}\0${existsSync(file) ? readFileSync(file, "utf8") : ""}\0`);
  }
  return hash.digest("hex");
}

/** @param {string} root */
function stampFile(root) {
  return join(root, "node_modules", ".sbx-installed");
}

/** @param {string} root */
export function isInstalled(root) {
  const stamp = stampFile(root);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === installationHash(root);
}

/**
 * Install exactly what the lockfile says, unless that is what is there.
 *
 * @param {string} root
 * @param {(line: string) => void} onLine
 * @returns {Promise<"installed" | "there">}
 */
export async function installDependencies(root, onLine) {
  if (isInstalled(root)) return "there";
  const { code, output } = await runCommand("npx", ["-y", PNPM, "install", "--frozen-lockfile"], { cwd: root, env: { ...process.env, CI: "true" }, onLine });
  if (code !== 0)
    throw new SetUpProblem(`Installing the dependencies failed:\n${output}`, "Look at the last lines above; where the npm registry cannot be reached, set it with: npm config set registry URL");
  writeFileSync(stampFile(root), installationHash(root));
  return "installed";
}
