import type { PodId, SandboxId } from "@sbx/contracts";
import type { WorkloadLink, PodNetwork, SandboxRecord } from "@sbx/core";
import { mayReach, type CompiledPolicy } from "@sbx/egress-policy";
import type { Opening } from "./container-network.ts";
import type { LookedAt, RegisteredPod } from "./pod-register.ts";
import type { SandboxPhase } from "./sandbox-credentials.ts";
import { SparePod } from "./spare-pod.ts";

const LOOPBACK = "127.0.0.1";

export interface SandboxNetworkParts {
  readonly openPod: (id: PodId, known: RegisteredPod, opening: Opening) => Promise<WorkloadLink>;
  /** What decides for a sandbox now. @throws AppError */
  readonly policyOf: (sandbox: SandboxId) => CompiledPolicy;
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (id: SandboxId) => SandboxRecord;
  readonly requestsOf: (sandbox: SandboxId, phase: SandboxPhase) => LookedAt | undefined;
}

/** Opens the pods of sandboxes, each with its sandbox's rules as they stand when they are asked. */
export function createSandboxNetwork({ openPod, policyOf, sandbox, requestsOf }: SandboxNetworkParts): PodNetwork {
  const knownOf = (id: SandboxId): RegisteredPod => ({ scope: () => `--sandbox ${sandbox(id).name}`, policy: () => policyOf(id), requests: requestsOf(id, "runtime"), sandbox: id, fields: {} });
  return {
    async open({ id, name, ...opening }) {
      const known = knownOf(id);
      return openPod(id, known, { ...opening, mayAllow: (asked) => mayReach(known.policy(), asked), local: ownAddress(() => name) });
    },
    async openSpare({ id, ...place }) {
      const spare = new SparePod(id);
      const own: { name?: string } = {};
      const opening: Opening = { ...place, resume: false, mayAllow: (asked) => spare.isGiven && mayReach(spare.policy(), asked), local: ownAddress(() => own.name) };
      const link = await openPod(id, spare, opening);
      return {
        ...link,
        give({ name }) {
          spare.give(knownOf(id));
          own.name = name;
        },
      };
    },
  };
}

/** By its name a sandbox finds itself, as it does by its host name. */
function ownAddress(name: () => string | undefined): (asked: string) => string | undefined {
  return (asked) => (asked === name()?.toLowerCase() ? LOOPBACK : undefined);
}
