import type { PodId, SandboxId } from "@sbx/contracts";
import type { WorkloadLink, SandboxRecord, ServerNetwork, ServerPod } from "@sbx/core";
import { mayAllow } from "@sbx/egress-policy";
import type { PolicyService } from "../policy/policy-service.ts";
import type { Opening } from "./container-network.ts";
import type { LookedAt, RegisteredPod } from "./pod-register.ts";
import type { SandboxPhase } from "./sandbox-credentials.ts";
import { SparePod } from "./spare-pod.ts";

export interface ServerNetworkParts {
  readonly openPod: (id: PodId, known: RegisteredPod, opening: Opening) => Promise<WorkloadLink>;
  readonly policy: Pick<PolicyService, "ofServer">;
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (id: SandboxId) => SandboxRecord;
  readonly requestsOf: (sandbox: SandboxId, phase: SandboxPhase) => LookedAt | undefined;
}

/** Opens the pods of servers, each with the rules of exactly its server as they stand when they are asked. */
export function createServerNetwork({ openPod, policy, sandbox, requestsOf }: ServerNetworkParts): ServerNetwork {
  const knownOf = ({ server, sandbox: owner, rules, purpose, hooks = false }: Omit<ServerPod, "id" | "hostname" | "directory">): RegisteredPod => ({
    scope: () => (purpose === "run" ? `--server ${server}` : undefined),
    policy: policy.ofServer({ server, rules, purpose, hooks, owner: owner === undefined ? undefined : () => sandbox(owner) }),
    // Of all that works for a sandbox its install hooks alone are given what is its Kits'.
    requests: hooks && owner !== undefined ? requestsOf(owner, "install") : undefined,
    sandbox: owner,
    fields: { server, ...(purpose === "run" ? {} : { installing: true }) },
  });
  // Names of sbx's own services lead nowhere in a server's pod.
  const open = (id: PodId, known: RegisteredPod, place: Pick<Opening, "hostname" | "directory">): Promise<WorkloadLink> =>
    openPod(id, known, { ...place, resume: false, mayAllow: (name) => mayAllow(known.policy(), name) });
  return {
    open: ({ id, hostname, directory, ...server }) => open(id, knownOf(server), { hostname, directory }),
    async openSpare({ id, ...place }) {
      const spare = new SparePod(id);
      const link = await open(id, spare, place);
      return { ...link, give: (server) => spare.give(knownOf(server)) };
    },
  };
}
