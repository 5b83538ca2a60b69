import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import type { DaemonConfig } from "../config.ts";
import { SHARES } from "./elsewhere.ts";

/** What a daemon beside the engine is made from; all paths are this machine's, and it has them at the same places. */
export interface BesidePlan {
  /** Name of the container and of the volume of its state. */
  readonly name: string;
  /** Directories that people's workspaces and Kits lie in. */
  readonly shares: readonly string[];
  readonly configDirectory: string;
  /** The directory that has all of the daemon's program. */
  readonly installation: string;
  readonly program: string;
}

/** Decide what the container of a daemon beside its engine sees. `program` is the daemon's own. @throws AppError `CONFIG_INVALID` */
export function planBeside({ config, program }: { readonly config: Pick<DaemonConfig, "owner" | "home" | "configDirectory" | "environment">; readonly program: string }): BesidePlan {
  const real = realpathSync(program);
  return {
    name: `sbx-d-${config.owner.replace(/^.*:/, "")}`,
    shares: sharesOf(config.environment[SHARES], config.home),
    configDirectory: config.configDirectory,
    installation: installationOf(real),
    program: real,
  };
}

/** The home, unless others are named. Each is taken as it is written: the engine follows its own links. */
function sharesOf(text: string | undefined, home: string): readonly string[] {
  if (text === undefined || text === "") return existsSync(home) ? [home] : [];
  const shares = text.split(":");
  for (const share of shares) {
    if (path.isAbsolute(share) && path.normalize(share) === share && share !== "/") continue;
    throw new AppError("CONFIG_INVALID", {
      message: `${SHARES} has "${share}", which is no absolute path of a directory`,
      fix: `Set ${SHARES} to absolute paths, separated by colons, or unset it for your home.`,
    });
  }
  return shares;
}

/** Whoever installed it: the outermost directory of packages; of a clone the clone, where the program lies in apps/daemon/bin. */
function installationOf(program: string): string {
  const packages = program.indexOf("/node_modules/");
  return packages === -1 ? path.resolve(program, "../../../..") : program.slice(0, packages + "/node_modules".length);
}
