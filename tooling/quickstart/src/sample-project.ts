import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const SUM = `/** Adds two numbers. */
export const sum = (a, b) => a + b;
`;

/** Make a small git repository for the agent to work on; one that is there already stays as it is. */
export function makeSampleProject(directory: string): void {
  if (existsSync(path.join(directory, ".git"))) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, "README.md"), "# A sample project\n\nAn agent may work here, and nowhere else.\n");
  writeFileSync(path.join(directory, "sum.js"), SUM);
  const git = (...args: readonly string[]): void => void execFileSync("git", ["-c", "user.name=sbx", "-c", "user.email=sbx@example.invalid", ...args], { cwd: directory, stdio: "ignore" });
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "-m", "Begin");
}
