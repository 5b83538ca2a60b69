import path from "node:path";
import type { ServerParts, ServerPods } from "@sbx/core";
import { createSystemAddresses, readProxies } from "@sbx/egress-proxy";
import { packageIndex, type ImageMaker } from "@sbx/images";
import { ServerPackages } from "@sbx/server-packages";
import type { DaemonConfig } from "../../config.ts";
import type { PolicyService } from "../../policy/policy-service.ts";
import { createFetchBundle } from "./fetch-bundle.ts";
import { createInstallRules } from "../../network/install-rules.ts";
import { rememberForAWhile } from "./remember-for-a-while.ts";

export interface PackagesParts {
  readonly config: Pick<DaemonConfig, "environment" | "stateDirectory" | "owner">;
  readonly engine: ServerParts["engine"];
  readonly pods: Pick<ServerPods, "start">;
  /** The image in which packages of servers are installed and run. */
  readonly serverImages: () => Promise<Pick<ImageMaker, "servers">>;
  readonly policy: Pick<PolicyService, "rules">;
}

/** Put together what installs packages of servers. */
export function composePackages({ config, engine, pods, serverImages, policy }: PackagesParts): ServerPackages {
  return new ServerPackages({
    engine,
    pods,
    image: async (progress, signal) => await (await serverImages()).servers(progress, signal),
    index: rememberForAWhile((kind, signal) => packageIndex(kind, config.environment, signal), Date.now),
    reach: createInstallRules({ own: createSystemAddresses() }),
    fetchBundle: createFetchBundle({ denials: () => policy.rules(), world: { proxyFor: readProxies(config.environment) } }),
    lockDirectory: path.join(config.stateDirectory, "mcp", "locks"),
    owner: config.owner,
    now: () => new Date(),
  });
}
