import { cp } from "node:fs/promises";
import { keepOnce } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

/** Of Debian 12, which sandboxes run. */
const PYTHON = "3.11";

/** Why packages of Python cannot be had here; `undefined` when they can. */
export async function whyNoPip(): Promise<string | undefined> {
  return await needProgram("python3", ["-m", "pip", "--version"], { cwd: "/" }).then(
    () => undefined,
    () => "python3 with pip is not on this machine",
  );
}

/** Install packages for a sandbox's Python once for all runs, without running anything of them, and copy them to a directory. */
export async function installPython(name: string, packages: readonly string[], directory: string): Promise<void> {
  const kept = await keepOnce(name, `${PYTHON} ${packages.join(" ")}`, async (fresh) => {
    await needProgram("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--python-version", PYTHON, "--target", fresh, ...packages], { cwd: "/" });
  });
  await cp(kept, directory, { recursive: true });
}
