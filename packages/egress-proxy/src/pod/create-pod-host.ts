import type { RecordPodEvent } from "@sbx/contracts";
import { AF_INET, closeDescriptor, networkNamespaceCookie, openSocket, SOCK_STREAM } from "@sbx/syscalls";
import { ConnectionBudget, connectionsForDescriptors } from "./connection-budget.ts";
import { openNameTable } from "./name-table.ts";
import { GatedPod, type OpenPod, type Pod } from "./pod.ts";
import { POD_LIMITS } from "./pod-limits.ts";

/** What the host's side of pods needs: where events go, and which network namespace no pod may hand over. */
export interface PodHostParts {
  readonly record: RecordPodEvent;
  /** Network namespace of the host; this process's own by default. */
  readonly hostNetnsCookie?: bigint;
}

/** Makes the host's side of pods. */
export interface PodHost {
  /**
   * Begin to wait for a pod's gate. Without `resume` no gate of the pod may be running: open the pod, start a
   * new gate, await {@link Pod.ready}, start the workload. With `resume` the gate that runs is taken back.
   */
  open(pod: OpenPod): Promise<Pod>;
}

/** Make the host's side of pods; all that it opens share one budget of connections, drawn from this process's descriptors. */
export function createPodHost({ record, hostNetnsCookie = ownNamespace() }: PodHostParts): PodHost {
  const around = { record, budget: new ConnectionBudget(connectionsForDescriptors()), namespaces: new Set([hostNetnsCookie]) };
  // No pod may take more than half of what there is for all.
  const most = Math.max(1, Math.floor(around.budget.limit / 2));
  return {
    async open(pod) {
      const limits = { ...POD_LIMITS, ...pod.limits };
      const names = await openNameTable(pod.directory, { mustExist: pod.resume === true });
      return GatedPod.open({ ...pod, names, limits: { ...limits, connections: Math.min(limits.connections, most) } }, around);
    },
  };
}

function ownNamespace(): bigint {
  const socket = openSocket(AF_INET, SOCK_STREAM);
  try {
    return networkNamespaceCookie(socket);
  } finally {
    closeDescriptor(socket);
  }
}
