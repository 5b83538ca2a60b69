import path from "node:path";
import type { RecordEvent, SandboxId } from "@sbx/contracts";
import { TurnQueue, type SandboxParts } from "@sbx/core";
import { readProxies } from "@sbx/egress-proxy";
import type { SecretKeeper } from "@sbx/secret-injector";
import type { DaemonConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { Network } from "../network/compose-network.ts";
import { noRawSocket } from "../beside/no-raw-socket.ts";
import { createOrganisationPolicy } from "../policy/organisation-policy.ts";
import type { PolicyService } from "../policy/policy-service.ts";
import { createContainerFiles } from "./container-files.ts";
import { createDockerFiles } from "./docker-files.ts";
import { createDockerRules, type DockerRules } from "./docker-rules.ts";
import type { DockerSocketParts } from "./docker-socket-parts.ts";
import { createDockerSockets, type LocalDockerSockets } from "./docker-sockets.ts";
import { createGuardImages } from "./guard-images.ts";
import { createRegistryImages } from "./registry/registry-images.ts";
import { removeDeadGuards } from "./remove-guard.ts";

export interface DockerParts extends Pick<SandboxParts, "engine" | "images"> {
  readonly config: Pick<DaemonConfig, "beside" | "environment" | "stateDirectory" | "configDirectory" | "owner" | "keepReady">;
  readonly scope: AsyncDisposableStack;
  readonly network: Pick<Network, "containers">;
  readonly policy: Pick<PolicyService, "rules">;
  readonly secrets: Pick<SecretKeeper, "registryLogin">;
  readonly workspace: DockerSocketParts["workspace"];
  readonly workspaceOf: DockerSocketParts["workspaceOf"];
  readonly record: RecordEvent;
  readonly log: Log;
}

/** The Docker APIs of a daemon's sandboxes. */
export interface ComposedDocker {
  readonly sockets: LocalDockerSockets;
  /** What the person lets agents have in all sandboxes. */
  readonly rules: DockerRules;
  /** What they let the agent of one have. */
  readonly rulesOf: (sandbox: SandboxId) => DockerRules;
  /** Take away what guards without a sandbox left that were killed. Never rejects. */
  readonly reapGuards: () => Promise<void>;
}

/** Put together what answers agents that speak to a Docker engine. Nothing is started before a sandbox is. */
export function composeDocker({ config, scope, engine, images, network, policy, secrets, workspace, workspaceOf, record, log }: DockerParts): ComposedDocker {
  const turns = new TurnQueue();
  const onFault = (error: unknown): void => log.error("docker.failed", { error });
  const rules = createDockerRules(path.join(config.configDirectory, "docker.json"), turns);
  const rulesOf = (sandbox: SandboxId): DockerRules => createDockerRules(path.join(config.stateDirectory, "sandboxes", sandbox, "docker-rules.json"), turns);
  const sockets = scope.use(
    createDockerSockets({
      engine,
      images,
      network: network.containers,
      files: createDockerFiles(config.stateDirectory),
      containerFiles: (sandbox) => createContainerFiles(config.stateDirectory, sandbox),
      imagesOf: (sandbox) =>
        createGuardImages({
          engine,
          allowed: rules,
          record: sandbox,
          policy: sandbox.request.dockerPolicy,
          registries: createRegistryImages({
            registries: async () => [...(await rulesOf(sandbox.id).registries()), ...(await rules.registries())],
            rules: () => policy.rules({ record: sandbox }),
            login: (secret) => secrets.registryLogin(secret),
            scope: ` --sandbox ${sandbox.name}`,
            world: { proxyFor: readProxies(config.environment) },
          }),
        }),
      workspace,
      workspaceOf,
      owner: config.owner,
      keepReady: config.keepReady,
      organisation: config.beside === undefined ? createOrganisationPolicy() : noRawSocket(config.beside),
      record,
      onFault,
    }),
  );
  const reapGuards = async (): Promise<void> => await removeDeadGuards({ stateDirectory: config.stateDirectory, engine: await engine(), onFault });
  return { sockets, rules, rulesOf, reapGuards };
}
