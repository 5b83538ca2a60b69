import { ContainerPodId, isSandboxId, type PodId, type SandboxId } from "@sbx/contracts";
import type { ContainerLink, ContainerNetwork, ContainerPod, Neighbours, PodLink, SandboxRecord } from "@sbx/core";
import { compilePolicy, decide, HOST_GATEWAY, mayAllow, narrowPolicy, type Ceiling, type CompiledPolicy } from "@sbx/egress-policy";
import type { OpenPod, Pod, StaysWithin } from "@sbx/egress-proxy";
import type { RegisteredPod } from "./pod-register.ts";
import { PUBLISHED_CONNECTIONS, publishPorts, servePort, type Places } from "./published-ports.ts";

/** A pod as it is opened, for whoever says what it may reach. */
export type Opening = Pick<OpenPod, "directory" | "hostname" | "mayAllow" | "resume" | "local" | "limits">;

export interface ContainerNetworkParts {
  readonly neighbours: Neighbours;
  readonly openPod: (id: PodId, known: RegisteredPod, opening: Opening) => Promise<PodLink>;
  /** @throws AppError `POD_FAILED` for a pod that is not open */
  readonly podOf: (id: PodId) => Pod;
  /** What decides for a sandbox now. @throws AppError */
  readonly policyOf: (sandbox: SandboxId) => CompiledPolicy;
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (id: SandboxId) => SandboxRecord;
  /** Narrows a command to a sandbox; `undefined` where no command changes what its containers reach. */
  readonly scopeOf: (id: SandboxId) => string | undefined;
}

/** Each is one of many of its sandbox, and their connections come out of the same descriptors. */
const LIMITS = { connections: 256, undecided: 64 };
const NOTHING = compilePolicy([]);

/** Open the pods of agents' containers: the sandbox's rules, its networks' names, and ports at the agent's `localhost`. */
export function createContainerNetwork(parts: ContainerNetworkParts): ContainerNetwork {
  const open = new Map<SandboxId, number>();
  return {
    open: (pod) => openContainer(parts, pod, placesOf(open, pod.sandbox)),
    async listen(sandbox, port, serve) {
      await using opened = new AsyncDisposableStack();
      const served = opened.use(await servePort({ at: parts.podOf(sandbox), places: placesOf(open, sandbox), port, serve }));
      opened.use(parts.neighbours.serve(sandbox, served.port));
      const whole = opened.move();
      return { port: served.port, [Symbol.asyncDispose]: () => whole.disposeAsync() };
    },
  };
}

/** What stays within a sandbox: connections of its agent and its containers to each other. */
export function staysWithin({ neighbours, podOf, policyOf }: Pick<ContainerNetworkParts, "neighbours" | "podOf" | "policyOf">): StaysWithin {
  return ({ pod, to, port }) => {
    const child = ContainerPodId.safeParse(pod).data;
    const found = child === undefined ? (isSandboxId(pod) ? neighbours.fromAgent(pod, to, port) : undefined) : neighbours.fromChild(child, to, port);
    if (found === undefined || found.kind === "nobody") return found?.kind;
    // A port of the person's machine that was opened is the same for the agent and its containers.
    if (found.kind === "agent" && decide(policyOf(found.pod), { kind: "name", name: HOST_GATEWAY, port }).effect === "allow") return undefined;
    return async (signal) => podOf(found.pod).dial(found.port, signal);
  };
}

async function openContainer(
  { neighbours, openPod, podOf, policyOf, sandbox, scopeOf }: ContainerNetworkParts,
  { child, sandbox: owner, directory, resume }: ContainerPod,
  places: Places,
): Promise<ContainerLink> {
  const { id } = child;
  let { name } = child;
  const narrowed = narrowedBy(ceilingOf(sandbox(owner)), () => policyOf(owner));
  const policy = (): CompiledPolicy => (neighbours.hasEgress(id) ? narrowed() : NOTHING);
  const known: RegisteredPod = {
    scope: () => scopeOf(owner),
    policy,
    sandbox: owner,
    get fields() {
      return { container: name };
    },
  };
  await using opened = new AsyncDisposableStack();
  neighbours.add(owner, child);
  opened.defer(() => {
    neighbours.remove(id);
  });
  // Names of sbx's own services lead nowhere in a container's pod, but for that of the machine that the agent works on.
  const mayReach = (asked: string): boolean => asked === HOST_GATEWAY || mayAllow(policy(), asked);
  const link = opened.use(await openPod(id, known, { directory, hostname: child.hostname, resume, limits: LIMITS, mayAllow: mayReach, local: (asked) => neighbours.addressOf(id, asked) }));
  const whole = opened.move();
  return {
    socketDirectory: link.socketDirectory,
    state: () => link.state(),
    ready: (signal) => link.ready(signal),
    async publish(ports) {
      const at = podOf(owner);
      await at.ready(AbortSignal.timeout(10_000));
      const published = whole.use(await publishPorts({ at, to: podOf(id), places, ports }));
      neighbours.publish(id, published.ports);
      return published.ports;
    },
    change(now) {
      name = now.name;
      neighbours.change(id, now);
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** What the sandbox's Docker policy leaves its containers of what the sandbox itself may reach. */
function ceilingOf({ request: { dockerPolicy } }: SandboxRecord): Ceiling | undefined {
  if (dockerPolicy?.hosts === undefined) return undefined;
  const policy = compilePolicy(dockerPolicy.hosts.map((to, at) => ({ id: `docker-policy-${at + 1}`, effect: "allow", to, layer: "sandbox" })));
  return { policy, name: "the Docker policy of this sandbox" };
}

/** The same object while the policy below is the same one. */
function narrowedBy(ceiling: Ceiling | undefined, below: () => CompiledPolicy): () => CompiledPolicy {
  if (ceiling === undefined) return below;
  let last: { readonly from: CompiledPolicy; readonly narrowed: CompiledPolicy } | undefined;
  return () => {
    const from = below();
    if (last?.from !== from) last = { from, narrowed: narrowPolicy(from, ceiling) };
    return last.narrowed;
  };
}

function placesOf(open: Map<SandboxId, number>, sandbox: SandboxId): Places {
  const count = (by: number): void => {
    open.set(sandbox, (open.get(sandbox) ?? 0) + by);
  };
  return {
    take() {
      if ((open.get(sandbox) ?? 0) >= PUBLISHED_CONNECTIONS) return undefined;
      count(1);
      return {
        [Symbol.dispose]: () => {
          count(-1);
        },
      };
    },
  };
}
