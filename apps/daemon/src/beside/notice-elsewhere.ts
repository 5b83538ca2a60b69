import { existsSync } from "node:fs";
import { AppError } from "@sbx/contracts";
import { isWithin, type ContainerEngine, type ContainerSpec, type EngineInfo } from "@sbx/core";
import type { DaemonConfig } from "../config.ts";
import { forgetPlace } from "./find-place.ts";

/**
 * Tell from its failures that an engine does not see this machine after all: it was not asked, or something has changed since.
 * What was found out about it is then worth nothing, and forgotten.
 */
export function noticeElsewhere<T extends Pick<ContainerEngine, "create"> & { readonly info: Pick<EngineInfo, "endpoint"> }>(engine: T, config: Pick<DaemonConfig, "stateDirectory">): T {
  const create: ContainerEngine["create"] = async (spec, signal) => {
    try {
      return await engine.create(spec, signal);
    } catch (error) {
      const unseen = AppError.is(error) && error.code === "ENGINE_FAILED" ? sourcesOf(spec, config.stateDirectory).find((source) => error.message.includes(source) && existsSync(source)) : undefined;
      if (unseen === undefined) throw error;
      forgetPlace(config);
      const { endpoint } = engine.info;
      throw new AppError("ENGINE_ELSEWHERE", {
        message: `The container engine at ${endpoint} does not see "${unseen}" of this machine`,
        fix: `Stop the daemon (sbx daemon stop), and run the command again with DOCKER_HOST=${endpoint}: an engine that is named is asked what it sees.`,
        cause: error,
      });
    }
  };
  return { ...engine, create };
}

function sourcesOf({ mounts }: ContainerSpec, stateDirectory: string): readonly string[] {
  return mounts.flatMap((mount) => (mount.kind === "bind" && isWithin(mount.source, stateDirectory) ? [mount.source] : []));
}
