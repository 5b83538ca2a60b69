import { AppError } from "@sbx/contracts";
import { Index, Installed, parseSaid, Viewed, type PackageClient } from "./client.ts";
import type { PackageLock } from "./package-lock.ts";
import { runStep, type Step } from "./run-step.ts";
import type { Installation } from "./server-packages.ts";

/** A tree that was installed, and how large it is. */
export interface InstalledTree {
  readonly lock: PackageLock;
  readonly bytes: number;
}

/**
 * Install one exact version with its client, in three pods: the first reaches nothing and says which index the client
 * asks by itself, the second reaches the index and says where the files are, the third reaches both and installs.
 *
 * @throws AppError `SERVER_FAILED`, or the signal's reason
 */
export async function installPackage(work: Installation, client: PackageClient): Promise<InstalledTree> {
  const { parts, key, lock, server } = work;
  const wanted = { name: key.package, version: key.packageVersion };
  const own = (await parts.indexes(work.signal))[client.kind];
  const env = client.env(own);
  const step = async (operation: "index" | "view" | "install", more: Partial<Step>): Promise<string> =>
    runStep(parts.pods, {
      server,
      what: `${client.kind} (${operation})`,
      image: work.image,
      command: await client.command(operation, wanted),
      env,
      rules: [],
      input: "",
      progress: work.progress,
      signal: work.signal,
      ...more,
    });
  const index = new URL(own ?? parseSaid(Index, await step("index", {}), server).index);
  work.progress(`Looking for ${wanted.name} ${wanted.version} at ${index.host}`);
  const viewed = parseSaid(Viewed, await step("view", { rules: await parts.reach(index, []) }), server);
  const files = viewed.files.map((file) => fileAddress(file, index, server));
  const said = await step("install", { rules: await parts.reach(index, files), volume: work.volume, input: lock?.resolved ?? "" });
  const installed = parseSaid(Installed, said, server);
  if (viewed.integrity !== undefined && viewed.integrity !== installed.integrity) throw mismatch(server);
  return { lock: lockOf(work, { client, index, installed }), bytes: installed.bytes };
}

/** Where an index says that a file is. @throws AppError `SERVER_FAILED` for what is not read over the same kind of connection */
function fileAddress(text: string, index: URL, server: string): URL {
  const url = URL.parse(text, index.href);
  if (url !== null && url.protocol === index.protocol && url.username === "" && url.password === "") return url;
  throw new AppError("SERVER_FAILED", {
    message: `Server "${server}" could not be installed: its index names a file at an address that is not used`,
    fix: "Look at the index that npm or pip of this machine is set to.",
  });
}

function lockOf(
  { key, volume, image, parts, server }: Installation,
  { client, index, installed }: { readonly client: PackageClient; readonly index: URL; readonly installed: Installed },
): PackageLock {
  if (!sameVersion(client, installed.version, key.packageVersion)) throw mismatch(server);
  const { integrity, resolved, tree, programs, main } = installed;
  return { version: 1, ...key, index: index.href, integrity, resolved, tree, programs, main, volume, image, installedAt: parts.now().toISOString() };
}

/** The Python index writes versions in more than one way. */
function sameVersion(client: PackageClient, one: string, other: string): boolean {
  return one === other || (client.kind === "pypi" && one.replace(/(\.0)+$/, "") === other.replace(/(\.0)+$/, ""));
}

function mismatch(server: string): AppError {
  return new AppError("SERVER_FAILED", {
    message: `Server "${server}" could not be installed: what came is not what its index names`,
    fix: "Try again later; if it stays so, do not use this server.",
  });
}
