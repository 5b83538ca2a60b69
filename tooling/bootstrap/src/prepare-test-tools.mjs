import { SetUpProblem } from "./set-up-problem.mjs";
import { consent, installPackages, isDebianLike, isOnPath } from "./system-packages.mjs";

/** Programs that tests run on the host beside git and Node, and the Debian package of each. */
export const TEST_TOOLS = { openssl: "openssl", python3: "python3-minimal", unshare: "util-linux" };

/**
 * Make sure that the programs of tests are there.
 *
 * @param {{ rights: import("./system-packages.mjs").Rights, onLine: (line: string) => void }} options
 * @returns {Promise<string>} What was done.
 */
export async function prepareTestTools({ rights, onLine }) {
  const missing = [];
  for (const [program, name] of Object.entries(TEST_TOOLS)) if (!(await isOnPath(program))) missing.push(name);
  if (missing.length === 0) return "there";
  const fix = `Install them: sudo apt-get install ${missing.join(" ")}`;
  if (!isDebianLike() || !(await consent(`Tests run programs that are not here. Install ${missing.join(", ")}?`, rights))) {
    throw new SetUpProblem(`Tests run programs that are not here: ${missing.join(", ")}.`, fix);
  }
  await installPackages(missing, { rights, onLine });
  return `installed ${missing.join(", ")}`;
}
