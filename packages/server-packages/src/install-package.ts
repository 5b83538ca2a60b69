import { AppError, type Rule } from "@sbx/contracts";
import { Index, Installed, parseSaid, Viewed, type PackageClient } from "./client.ts";
import type { PackageLock } from "./package-lock.ts";
import { runStep, type Step } from "./run-step.ts";
import type { Installation } from "./server-packages.ts";

/** A tree that was installed, and how large it is. */
export interface InstalledTree {
  readonly lock: PackageLock;
  readonly bytes: number;
}

/** How often an index may say that its files are somewhere else than it said before. */
const MOST_ROUNDS = 3;

/** The pod could not reach what the index names now. Not an error of anybody's: the next pod can. */
class OtherFiles extends Error {
  readonly files: readonly URL[];

  constructor(files: readonly URL[]) {
    super("files are at other hosts than they were");
    this.files = files;
  }
}

/**
 * Install one exact version with its client, in one pod: it asks the index where the files are, and goes on when exactly
 * the index and their hosts are what it may reach. Where they are others than those of the last package of this index,
 * another pod does it again. An index that nobody named is the client's own, which a pod that reaches nothing says.
 *
 * @throws AppError `SERVER_FAILED`, or the signal's reason
 */
export async function installPackage(work: Installation, client: PackageClient): Promise<InstalledTree> {
  const { parts, places, key, server } = work;
  const named = await parts.index(client.kind, work.signal);
  const own = named ?? places.index(client.kind) ?? parseSaid(Index, await runClient(work, client, { operation: "index", named, rules: [], input: "" }), server).index;
  if (named === undefined) places.noteIndex(client.kind, own);
  const index = new URL(own);
  work.progress(`Looking for ${key.package} ${key.packageVersion} at ${index.host}`);
  for (let round = 1, files = places.files(index); ; round += 1) {
    try {
      const { installed, integrity } = await installFrom(work, client, { named, index, files });
      if (integrity !== undefined && integrity !== installed.integrity) throw mismatch(server);
      return { lock: lockOf(work, { client, index, installed }), bytes: installed.bytes };
    } catch (error) {
      if (!(error instanceof OtherFiles) || round === MOST_ROUNDS) throw error instanceof OtherFiles ? mismatch(server) : error;
      files = error.files;
      places.noteFiles(index, files);
    }
  }
}

interface From {
  readonly named: string | undefined;
  readonly index: URL;
  /** Where the files are, as far as is known. */
  readonly files: readonly URL[];
}

async function installFrom(work: Installation, client: PackageClient, { named, index, files }: From): Promise<{ readonly installed: Installed; readonly integrity: string | undefined }> {
  const { parts, lock, server, volume } = work;
  const rules = await parts.reach(index, files);
  let viewed: Viewed | undefined;
  const input = async (line: string): Promise<string> => {
    viewed = parseSaid(Viewed, line, server);
    const found = viewed.files.map((file) => fileAddress(file, index, server));
    if (!sameDestinations(await parts.reach(index, found), rules)) throw new OtherFiles(found);
    return JSON.stringify({ lock: lock?.resolved ?? "" });
  };
  const said = await runClient(work, client, { operation: "install", named, rules, volume, input });
  const installed = parseSaid(Installed, said.slice(said.indexOf("\n") + 1), server);
  return { installed, integrity: viewed?.integrity };
}

type ClientStep = Pick<Step, "rules" | "volume" | "input"> & { readonly operation: "index" | "install"; readonly named: string | undefined };

async function runClient({ parts, server, image, key, progress, signal }: Installation, client: PackageClient, { operation, named, ...more }: ClientStep): Promise<string> {
  const command = await client.command(operation, { name: key.package, version: key.packageVersion, index: named });
  return await runStep(parts.pods, { server, what: `${client.kind} (${operation})`, image, command, env: client.env(named), progress, signal, ...more });
}

function sameDestinations(some: readonly Rule[], others: readonly Rule[]): boolean {
  const known = new Set(others.map(({ to }) => to));
  return known.size === new Set(some.map(({ to }) => to)).size && some.every(({ to }) => known.has(to));
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
