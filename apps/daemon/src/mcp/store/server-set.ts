import type { ConfigChange, ServerProfile } from "@sbx/contracts";

/** A server to put into a set, with what is written of it beside its name. */
export interface Member {
  readonly name: string;
  readonly written: Readonly<Record<string, unknown>>;
}

/** A named set of servers that a person can change: what is enabled for all, or a profile. */
export interface ServerSet {
  /** @throws AppError `CONFIG_INVALID` when its files never were readable */
  profile(): ServerProfile;
  /** What is there already stays as it is. */
  enable(members: readonly Member[]): void;
  disable(names: readonly string[]): void;
  changeConfig(changes: readonly ConfigChange[]): void;
  /** `undefined` offers all tools of the server. */
  setTools(choices: ReadonlyMap<string, readonly string[] | undefined>): void;
}
