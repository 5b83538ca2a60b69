import { AppError, ContainerPodId, isSandboxId, type PodId, type RecordEvent, type SandboxId } from "@sbx/contracts";
import { Neighbours, type ContainerNetwork, type PodNetwork, type SandboxRecord, type ServerNetwork, type WorkloadLink } from "@sbx/core";
import { createPodHost, createWall, podDirectory, type Pod, type WallOptions } from "@sbx/egress-proxy";
import type { Log } from "../log.ts";
import type { ModelSources } from "../model/model-source.ts";
import type { PolicyService } from "../policy/policy-service.ts";
import { createContainerNetwork, staysWithin, type Opening } from "./container-network.ts";
import { createServerNetwork } from "./server-network.ts";
import { PodInit } from "./pod-init.ts";
import { PodRegister, type LookedAt, type RegisteredPod } from "./pod-register.ts";
import { recordRefusals } from "./refusals.ts";
import type { SandboxPhase } from "./sandbox-credentials.ts";
import { createSandboxNetwork } from "./sandbox-network.ts";

export interface NetworkParts {
  readonly scope: AsyncDisposableStack;
  readonly record: RecordEvent;
  readonly log: Log;
  readonly policy: Pick<PolicyService, "of" | "ofServer">;
  readonly models: Pick<ModelSources, "bindings">;
  /** The MCP gateway. */
  readonly mcp?: WallOptions["mcp"];
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (id: SandboxId) => SandboxRecord;
  /** Stands where an agent's pod would, for containers that work for no sandbox. */
  readonly machine?: Pod;
  /** How a vetted address is dialled. */
  readonly connect?: WallOptions["connect"];
  /** Through whom hosts elsewhere are reached. */
  readonly proxyFor?: WallOptions["proxyFor"];
  /** How a sandbox's requests are looked at; without it none are. */
  readonly requestsOf?: (sandbox: SandboxId, phase: SandboxPhase) => LookedAt | undefined;
}

export interface Network {
  readonly pods: PodNetwork;
  /** @throws AppError `POD_FAILED` for a pod that is not open */
  readonly podOf: (id: PodId) => Pod;
  readonly servers: ServerNetwork;
  /** Of containers that agents start. */
  readonly containers: ContainerNetwork;
  /** The rules have changed: end what is open and denied now. */
  reconsider(): void;
  /** Drop what is remembered about a sandbox that was removed. */
  forget(sandbox: SandboxId): void;
}

/** Put the wall behind the pods: every connection of a pod is decided by its own policy as it stands then. */
export function composeNetwork({ scope, record, log, policy, models, mcp, sandbox, machine, connect, proxyFor, requestsOf = () => undefined }: NetworkParts): Network {
  const register = new PodRegister();
  const recordPod = register.recorder(record);
  const live = new Map<PodId, Pod>();
  const podOf = (id: PodId): Pod => {
    const pod = live.get(id) ?? (isSandboxId(id) ? machine : undefined);
    if (pod === undefined) throw new AppError("POD_FAILED", { message: "The pod is not open", fix: "Start it again." });
    return pod;
  };
  const policyOf = (id: SandboxId): ReturnType<PolicyService["of"]> => policy.of(sandbox(id));
  const neighbours = new Neighbours();
  const wall = scope.use(
    createWall({
      ...(mcp === undefined ? {} : { mcp }),
      ...(connect === undefined ? {} : { connect }),
      ...(proxyFor === undefined ? {} : { proxyFor }),
      authorityOf: (id) => register.get(id).requests?.authority(),
      credentialsOf: (id) => register.get(id).requests?.credentials() ?? [],
      policyOf: (id) => register.get(id).policy(),
      within: staysWithin({ neighbours, podOf, policyOf }),
      modelOf: (id) => models.bindings(sandbox(id)),
      scopeOf: (id) => register.get(id).scope(),
      record: recordPod,
      log: (message, error) => {
        log.error("wall.failed", { message, error });
      },
    }),
  );
  const host = createPodHost({ record: recordPod });
  const open = new Set<AsyncDisposable>();
  scope.defer(async () => {
    await Promise.all([...open].map((pod) => pod[Symbol.asyncDispose]()));
  });
  const openPod = async (id: PodId, known: RegisteredPod, opening: Opening): Promise<WorkloadLink> => {
    await using opened = new AsyncDisposableStack();
    opened.defer(register.add(id, known));
    const init = opened.use(new PodInit());
    // What an agent starts has a first process of its own.
    const onInit = ContainerPodId.safeParse(id).success ? undefined : (connection: number): void => init.meet(connection);
    const pod = opened.use(
      await host.open({ pod: id, ...opening, onInit, serve: wall.serve, onRefused: recordRefusals({ pod: id, scope: known.scope, policy: known.policy, record: recordPod, now: Date.now }) }),
    );
    live.set(id, pod);
    opened.defer(() => {
      live.delete(id);
    });
    const whole = opened.move();
    open.add(whole);
    return {
      socketDirectory: podDirectory(opening.directory).gate,
      state: () => pod.state(),
      ready: (signal) => pod.ready(signal),
      starter: () => init.starter(),
      [Symbol.asyncDispose]: async () => {
        if (open.delete(whole)) await whole.disposeAsync();
      },
    };
  };
  return {
    podOf,
    pods: createSandboxNetwork({ openPod, policyOf, sandbox, requestsOf }),
    servers: createServerNetwork({ openPod, policy, sandbox, requestsOf }),
    containers: createContainerNetwork({
      neighbours,
      openPod,
      podOf,
      policyOf,
      sandbox,
      scopeOf: (id) => (machine === undefined ? `--sandbox ${sandbox(id).name}` : undefined),
    }),
    reconsider: () => {
      wall.reconsider();
    },
    forget: (id) => {
      wall.forget(id);
    },
  };
}
