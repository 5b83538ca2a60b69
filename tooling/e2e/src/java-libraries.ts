import { copyFile, readFile } from "node:fs/promises";
import path from "node:path";
import { keepOnce } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

/** Of Debian 12, which sandboxes run. */
const JAVA = "17";

/** Why Java is not compiled here, or its libraries cannot be had; `undefined` when they can. */
export async function whyNoJava(): Promise<string | undefined> {
  const here = [needProgram("javac", ["--release", JAVA, "-version"], { cwd: "/" }), needProgram("mvn", ["--version"], { cwd: "/" })];
  return await Promise.all(here).then(
    () => undefined,
    () => `Maven and a JDK of ${JAVA} or newer are not on this machine`,
  );
}

/** Have the jars that a Maven project runs with, once for all runs. Resolves with a directory that has them in `lib`. */
export async function javaLibraries(name: string, pom: string): Promise<string> {
  return await keepOnce(name, await readFile(pom, "utf8"), async (directory) => {
    await copyFile(pom, path.join(directory, "pom.xml"));
    await needProgram("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"], { cwd: directory });
  });
}

/** Compile sources for a sandbox's Java into a directory. */
export async function compileJava(sources: readonly string[], libraries: string, directory: string): Promise<void> {
  await needProgram("javac", ["--release", JAVA, "-cp", path.join(libraries, "lib/*"), "-d", directory, ...sources], { cwd: directory });
}
