import type { CreateSandbox, SandboxId } from "@sbx/contracts";
import type { Phase } from "../kit/ssh-grants.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import type { Mount } from "./engine.ts";

/** The agent of a person's that a sandbox may be given, as the person names it. */
export type WantedSshAgent = NonNullable<CreateSandbox["sshAgent"]>;

/** What sandboxes are given of their person's SSH agent. For one that is granted nothing every method but `check` does nothing. */
export interface SshAgents {
  /** Look at what a person names. `writable`: directories that sandboxes may write. @throws AppError `PATH_NOT_FOUND`, `PATH_REFUSED`, `PLATFORM_UNSUPPORTED` */
  check(wanted: WantedSshAgent, writable: readonly string[]): Promise<void>;
  /**
   * Begin to answer in a phase, before the container is made that asks.
   *
   * @returns what that container is to be shown, at {@link SSH_DIRECTORY}: always the same for a sandbox
   */
  start(record: SandboxRecord, phase: Phase): Promise<readonly Mount[]>;
  /** Answer again for a workload that runs already. Never rejects: a fault is recorded. */
  resume(record: SandboxRecord): Promise<void>;
  /** Answer no more, in one phase or in both. */
  stop(id: SandboxId, phase?: Phase): Promise<void>;
}

/** Where the directory is that holds the socket of an agent, in every container that is given one. */
export const SSH_DIRECTORY = "/.sbx/ssh";
/** Name of that socket. */
export const SSH_SOCKET = "sock";

/** The variable by which programs find the agent, for a container that has this mount. */
export function sshVariables(mounts: readonly Mount[]): Readonly<Record<string, string>> {
  return mounts.some(({ target }) => target === SSH_DIRECTORY) ? { SSH_AUTH_SOCK: `${SSH_DIRECTORY}/${SSH_SOCKET}` } : {};
}
