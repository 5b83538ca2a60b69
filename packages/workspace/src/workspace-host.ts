import { readdir, rm } from "node:fs/promises";
import type { HostPlaces, ServerWorkspace, WorkspaceHost, WorkspaceRequest } from "@sbx/core";
import { checkWorkspace, type FoundWorkspace } from "./check-workspace.ts";
import { GitIdentities } from "./git-identity.ts";
import { HeldMounts } from "./held-mounts.ts";
import { accountIds, personHomes, realAndNamed } from "./person-homes.ts";
import { unsafe } from "./invalid.ts";
import { readJournal } from "./journal.ts";
import { MadeDirectories } from "./made-directories.ts";
import { prepareParts } from "./prepare-parts.ts";
import { prepareWorkspace, type PrepareParts } from "./prepare-workspace.ts";
import { reportWorkspace } from "./report-workspace.ts";
import { snapshotWorkspace } from "./snapshot-workspace.ts";
import { UserNamespaces } from "./user-namespaces.ts";
import { verifyMounts } from "./verify-mounts.ts";

/** Whose machine the workspaces are on: the directories that none may overlap with, and the person that owns them. */
export interface WorkspaceHostOptions {
  /** The daemon's state. No workspace may overlap with it; holds the list of directories we made, and root's mounts. */
  readonly stateDirectory: string;
  readonly configDirectory: string;
  /** Further directories of ours. */
  readonly own?: readonly string[];
  /** Home of the person. */
  readonly home: string;
  /** In which git looks for the person's configuration; only `HOME` and `PATH` by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Whether mounts are made by descriptor; defaults to whether this process is root. */
  readonly mounts?: boolean;
}

const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin";

/** A {@link WorkspaceHost} on this machine, with what only a daemon that starts anew needs. */
export interface LocalWorkspaceHost extends WorkspaceHost, ServerWorkspace {
  check(path: string): Promise<FoundWorkspace>;
  /** Take away what sandboxes left that are not in `keep`, after a crash. Resolves with their ids. */
  sweep(keep: ReadonlySet<string>): Promise<readonly string[]>;
}

/** Make the host's side of workspaces. */
export function createWorkspaceHost({
  stateDirectory,
  configDirectory,
  own = [],
  home,
  environment = { HOME: home, PATH: SYSTEM_PATH },
  mounts = process.geteuid?.() === 0,
}: WorkspaceHostOptions): LocalWorkspaceHost {
  const places = async (): Promise<HostPlaces> => ({ homes: await personHomes(home), own: await realAndNamed([stateDirectory, configDirectory, ...own]) });
  const daemon = { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 };
  const made = new MadeDirectories(`${stateDirectory}/workspace-made`);
  const [namespaces, identities] = [new UserNamespaces(), new GitIdentities(environment)];
  const mountsDirectory = `${stateDirectory}/workspace-mounts`;
  const release = async (id: string): Promise<void> => {
    await new HeldMounts(`${mountsDirectory}/${id}`, namespaces).clear();
    await made.release(id);
  };
  const verify = async (directory: string, statLines: string): Promise<void> => {
    const journal = await readJournal(directory);
    if (journal === undefined) throw unsafe("Nothing is known about what the sandbox's mounts should be", "Run the command again.");
    verifyMounts(journal.expected, statLines);
  };
  const withHeld = async <T>(id: string, work: (parts: PrepareParts) => Promise<T>): Promise<T> => {
    const held = mounts ? new HeldMounts(`${mountsDirectory}/${id}`, namespaces) : undefined;
    return await work({ places: await places(), daemon, accounts: await accountIds(), made, held });
  };
  const releaseAll = async ({ id, directory }: { readonly id: string; readonly directory: string }): Promise<void> => {
    await release(id);
    await rm(`${directory}/copies`, { recursive: true, force: true });
  };
  return {
    check: async (path) => checkWorkspace(path, await places()),
    prepare: (request: WorkspaceRequest) => withHeld(request.id, (parts) => prepareWorkspace(parts, request)),
    verify: ({ directory }, statLines) => verify(directory, statLines),
    release: releaseAll,
    prepareParts: (request) => withHeld(request.id, (parts) => prepareParts(parts, request)),
    verifyParts: ({ directory }, statLines) => verify(directory, statLines),
    releaseParts: releaseAll,
    async sweep(keep) {
      const known = new Set([...(await readdir(mountsDirectory).catch(() => [])), ...(await made.holders())]);
      const left = [...known].filter((id) => !keep.has(id));
      for (const id of left) await release(id);
      return left;
    },
    snapshot: snapshotWorkspace,
    report: reportWorkspace,
    gitIdentity: (file) => (file === undefined ? identities : new GitIdentities({ ...environment, GIT_CONFIG_GLOBAL: file })).read(),
  };
}
