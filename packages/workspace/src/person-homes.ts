import { readFile, realpath } from "node:fs/promises";

/** Home directories of this machine's people: the given one, and those of accounts that somebody can log in to. Real paths. */
export async function personHomes(own: string): Promise<readonly string[]> {
  const accounts = (await readAccounts()).flatMap(([, , uid = "", , , home = "", shell = ""]) => {
    const person = (Number(uid) === 0 || Number(uid) >= 1000) && !/(?:nologin|false)$/u.test(shell);
    return person && home.startsWith("/") && home !== "/" && uid !== "" ? [home] : [];
  });
  return realAndNamed([...(own === "" ? [] : [own]), ...accounts]);
}

/** Uids of all accounts of this machine, those of its services too. */
export async function accountIds(): Promise<ReadonlySet<number>> {
  return new Set((await readAccounts()).flatMap(([, , uid = ""]) => (/^\d+$/u.test(uid) ? [Number(uid)] : [])));
}

async function readAccounts(): Promise<readonly (readonly string[])[]> {
  return (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
}

/** Paths as they are written and as they really are. */
export async function realAndNamed(paths: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  return [...new Set([...paths, ...real])];
}
