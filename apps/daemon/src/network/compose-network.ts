import type { RecordEvent, SandboxId } from "@sbx/contracts";
import type { PodNetwork, SandboxRecord } from "@sbx/core";
import { mayReach } from "@sbx/egress-policy";
import { createPodHost, createWall, podDirectory } from "@sbx/egress-proxy";
import type { Log } from "../log.ts";
import type { ModelSources } from "../model/model-source.ts";
import type { PolicyService } from "../policy/policy-service.ts";
import { recordRefusals } from "./refusals.ts";

export interface NetworkParts {
  readonly scope: AsyncDisposableStack;
  readonly record: RecordEvent;
  readonly log: Log;
  readonly policy: PolicyService;
  readonly models: ModelSources;
  readonly sandbox: (id: SandboxId) => SandboxRecord;
}

export interface Network {
  readonly pods: PodNetwork;
  /** The rules have changed: end what is open and denied now. */
  reconsider(): void;
  /** Drop what is remembered about a sandbox that was removed. */
  forget(sandbox: SandboxId): void;
}

/** Put the wall behind the pods: every connection of a pod is decided by its sandbox's policy as it stands then. */
export function composeNetwork({ scope, record, log, policy, models, sandbox }: NetworkParts): Network {
  const policyOf = (id: SandboxId): ReturnType<PolicyService["of"]> => policy.of(sandbox(id));
  const wall = scope.use(
    createWall({
      policyOf,
      modelOf: (id) => models.bindings(sandbox(id)),
      nameOf: (id) => sandbox(id).name,
      record,
      log: (message, error) => {
        log.error("wall.failed", { message, error });
      },
    }),
  );
  const host = createPodHost({ record });
  const open = new Set<AsyncDisposable>();
  scope.defer(async () => {
    await Promise.all([...open].map((pod) => pod[Symbol.asyncDispose]()));
  });
  return {
    pods: {
      async open({ id, hostname, directory, resume }) {
        const pod = await host.open({
          sandbox: id,
          directory,
          hostname,
          resume,
          mayAllow: (name) => mayReach(policyOf(id), name),
          serve: wall.serve,
          onRefused: recordRefusals({ sandbox: id, name: () => sandbox(id).name, policy: () => policyOf(id), record, now: Date.now }),
        });
        open.add(pod);
        return {
          socketDirectory: podDirectory(directory).gate,
          state: () => pod.state(),
          ready: (signal) => pod.ready(signal),
          [Symbol.asyncDispose]: async () => {
            if (open.delete(pod)) await pod[Symbol.asyncDispose]();
          },
        };
      },
    },
    reconsider: () => {
      wall.reconsider();
    },
    forget: (id) => {
      wall.forget(id);
    },
  };
}
