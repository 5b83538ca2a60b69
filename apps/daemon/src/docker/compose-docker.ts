import type { RecordEvent } from "@sbx/contracts";
import type { SandboxParts } from "@sbx/core";
import type { DaemonConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { Network } from "../network/compose-network.ts";
import { createAllowedImages, type AllowedImages } from "./allowed-images.ts";
import { createContainerFiles } from "./container-files.ts";
import { createDockerFiles } from "./docker-files.ts";
import { createDockerSockets, type LocalDockerSockets } from "./docker-sockets.ts";
import { createGuardImages } from "./guard-images.ts";

export interface DockerParts extends Pick<SandboxParts, "engine" | "images"> {
  readonly config: Pick<DaemonConfig, "stateDirectory" | "configDirectory" | "owner">;
  readonly scope: AsyncDisposableStack;
  readonly network: Pick<Network, "containers">;
  readonly record: RecordEvent;
  readonly log: Log;
}

/** The Docker APIs of a daemon's sandboxes. */
export interface ComposedDocker {
  readonly sockets: LocalDockerSockets;
  readonly images: AllowedImages;
}

/** Put together what answers agents that speak to a Docker engine. Nothing is started before a sandbox is. */
export function composeDocker({ config, scope, engine, images, network, record, log }: DockerParts): ComposedDocker {
  const allowed = createAllowedImages(config.configDirectory);
  const sockets = scope.use(
    createDockerSockets({
      engine,
      images,
      network: network.containers,
      files: createDockerFiles(config.stateDirectory),
      containerFiles: (sandbox) => createContainerFiles(config.stateDirectory, sandbox),
      imagesOf: (sandbox) => createGuardImages(engine, allowed, sandbox),
      owner: config.owner,
      record,
      onFault: (error) => {
        log.error("docker.failed", { error });
      },
    }),
  );
  return { sockets, images: allowed };
}
