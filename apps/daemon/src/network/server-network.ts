import type { PodId, SandboxId } from "@sbx/contracts";
import type { PodLink, SandboxRecord, ServerNetwork, ServerPod } from "@sbx/core";
import { compilePolicy, mayAllow } from "@sbx/egress-policy";
import type { PolicyService } from "../policy/policy-service.ts";
import type { Opening } from "./container-network.ts";
import type { RegisteredPod } from "./pod-register.ts";

export interface ServerNetworkParts {
  readonly openPod: (id: PodId, known: RegisteredPod, opening: Opening) => Promise<PodLink>;
  readonly policy: Pick<PolicyService, "ofServer">;
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (id: SandboxId) => SandboxRecord;
}

const NOTHING = compilePolicy([]);
/** A pod that is nobody's: nothing is allowed in it, and no command changes that. */
const NOBODY: RegisteredPod = { scope: () => undefined, policy: () => NOTHING, sandbox: undefined, fields: { spare: true } };

/** Opens the pods of servers, each with the rules of exactly its server as they stand when they are asked. */
export function createServerNetwork({ openPod, policy, sandbox }: ServerNetworkParts): ServerNetwork {
  const knownOf = ({ server, sandbox: owner, rules, purpose }: Omit<ServerPod, "id" | "hostname" | "directory">): RegisteredPod => ({
    scope: () => (purpose === "run" ? `--server ${server}` : undefined),
    policy: policy.ofServer({ server, rules, purpose, owner: owner === undefined ? undefined : () => sandbox(owner) }),
    sandbox: owner,
    fields: { server, ...(purpose === "run" ? {} : { installing: true }) },
  });
  // Names of sbx's own services lead nowhere in a server's pod.
  const open = (id: PodId, known: RegisteredPod, place: Pick<Opening, "hostname" | "directory">): Promise<PodLink> =>
    openPod(id, known, { ...place, resume: false, mayAllow: (name) => mayAllow(known.policy(), name) });
  return {
    open: ({ id, hostname, directory, ...server }) => open(id, knownOf(server), { hostname, directory }),
    async openSpare({ id, ...place }) {
      let whose = NOBODY;
      const known: RegisteredPod = {
        scope: () => whose.scope(),
        policy: () => whose.policy(),
        get sandbox() {
          return whose.sandbox;
        },
        get fields() {
          return whose.fields;
        },
      };
      const link = await open(id, known, place);
      return {
        socketDirectory: link.socketDirectory,
        state: () => link.state(),
        ready: (signal) => link.ready(signal),
        give(server) {
          if (whose !== NOBODY) throw new Error(`the pod ${id} is a server's already`);
          whose = knownOf(server);
        },
        [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
      };
    },
  };
}
