import { AppError } from "@sbx/contracts";
import { gateContainer } from "../pod/gate-container.ts";
import type { EngineId } from "../ports/engine.ts";
import type { ContainerLink } from "../ports/container-host.ts";
import { LABELS } from "../sandbox/labels.ts";
import type { ChildPod } from "./child-pod.ts";
import type { ContainerPodParts } from "./container-pods.ts";

/** How long a gate may take to hand over its listeners. */
export const GATE_TIMEOUT_MS = 20_000;

/** A gate's container, which may not run yet, and the daemon's end of it. */
export interface ChildGate {
  readonly gate: EngineId;
  readonly link: ContainerLink;
  /** Resolves when it runs and has handed over. A failure may be met here or never. */
  readonly started: Promise<void>;
}

/** Make a gate, and start it without waiting for that. Whatever fails before takes everything back. @throws AppError `ENGINE_FAILED`, `POD_FAILED` */
export async function beginGate(parts: ContainerPodParts, child: ChildPod): Promise<ChildGate> {
  const { files, network, sandbox, owner } = parts;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(child.id));
  const link = undo.use(await network.open({ child, sandbox, directory: await files.podDirectory(child.id), resume: false }));
  const image = await (await parts.images()).gate(() => undefined, AbortSignal.timeout(GATE_TIMEOUT_MS));
  const labels = { [LABELS.owner]: owner, [LABELS.sandbox]: sandbox, [LABELS.role]: "child-gate", [LABELS.pod]: child.id };
  const engine = await parts.engine();
  const gate = await engine.create(gateContainer({ name: `sbx-child-gate-${child.id.slice(4)}`, image, labels, hostname: child.hostname, socketDirectory: link.socketDirectory }));
  undo.move();
  const started = startGate(parts, child, { gate, link });
  started.catch(() => undefined);
  return { gate, link, started };
}

/** Start a gate that was made. Resolves when it has handed over. */
export async function startGate({ engine }: ContainerPodParts, { name }: Pick<ChildPod, "name">, { gate, link }: Omit<ChildGate, "started">): Promise<void> {
  await (await engine()).start(gate);
  await link.ready(AbortSignal.timeout(GATE_TIMEOUT_MS)).catch((cause: unknown) => {
    if (AppError.is(cause)) throw cause;
    throw podFailed(`The gate of the container "${name}" did not hand over its listeners`, cause);
  });
}

/** Take everything of a pod away, once nobody starts its gate any more. */
export async function endGate({ engine, files }: ContainerPodParts, { id, gate, link, started }: Pick<ChildPod, "id"> & Partial<ChildGate>): Promise<void> {
  await started?.catch(() => undefined);
  // The daemon's end goes before its gate, so that the gate's end is not taken for a fault.
  await link?.[Symbol.asyncDispose]();
  if (gate !== undefined) await (await engine()).remove(gate);
  await files.remove(id);
}

/** A pod is not what it has to be. */
export function podFailed(message: string, cause?: unknown): AppError {
  return new AppError("POD_FAILED", { message, fix: "Remove the container and start it anew, with docker rm and docker run.", ...(cause === undefined ? {} : { cause }) });
}
