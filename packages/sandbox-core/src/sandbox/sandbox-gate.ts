import { AppError, type SandboxId } from "@sbx/contracts";
import { gateContainer } from "../pod/gate-container.ts";
import type { ContainerSpec, EngineId } from "../ports/engine.ts";
import type { PodLink } from "../ports/host.ts";
import { containerName, labelsOf } from "./labels.ts";
import type { SandboxParts } from "./sandbox-parts.ts";

/** How long a gate may take to hand over its listeners. */
const GATE_TIMEOUT_MS = 20_000;

interface SandboxGate {
  readonly id: SandboxId;
  readonly image: EngineId;
  /** Host path of the directory that holds the pod's socket. */
  readonly socketDirectory: string;
}

/** Decide everything about the gate's container of the sandbox with this id. */
export function sandboxGate({ owner }: Pick<SandboxParts, "owner">, { id, image, socketDirectory }: SandboxGate): ContainerSpec {
  return gateContainer({ name: `sbx-gate-${id.slice(4)}`, image, labels: labelsOf(owner, id, "gate"), hostname: containerName({ id }), socketDirectory });
}

/** Resolves when the gate has handed over. @throws AppError `POD_FAILED`, or the signal's reason */
export async function awaitGate(pod: PodLink, signal: AbortSignal): Promise<void> {
  await pod.ready(AbortSignal.any([signal, AbortSignal.timeout(GATE_TIMEOUT_MS)])).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (AppError.is(cause)) throw cause;
    throw new AppError("POD_FAILED", { message: "The gate did not hand over the pod's listeners", fix: "Look at the machine with: sbx doctor", cause });
  });
}
