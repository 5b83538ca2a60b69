import { readFile, realpath } from "node:fs/promises";

/** Home directories of this machine's people: the given one, and those of accounts that somebody can log in to. Real paths. */
export async function personHomes(own: string): Promise<readonly string[]> {
  const accounts = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").flatMap((line) => {
    const [, , uid = "", , , home = "", shell = ""] = line.split(":");
    const person = (Number(uid) === 0 || Number(uid) >= 1000) && !/(?:nologin|false)$/u.test(shell);
    return person && home.startsWith("/") && home !== "/" && uid !== "" ? [home] : [];
  });
  return realAndNamed([...(own === "" ? [] : [own]), ...accounts]);
}

/** Paths as they are written and as they really are. */
export async function realAndNamed(paths: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  return [...new Set([...paths, ...real])];
}
