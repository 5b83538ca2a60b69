import type { ServerPodId } from "@sbx/contracts";
import { KeptGates } from "../pod/kept-gates.ts";
import type { EngineId } from "../ports/engine.ts";
import type { SpareLink } from "../ports/server-host.ts";
import { LABELS } from "../sandbox/labels.ts";
import { createGate, GATE_TIMEOUT_MS, type ServerGate } from "./server-gate.ts";
import type { ServerParts } from "./server-parts.ts";

/** A server that was just started has its own work to do first. */
const LATER_MS = 700;

/** A gate that is ready for a server, and the id of its pod. */
export interface SpareGate extends ServerGate<SpareLink> {
  readonly id: ServerPodId;
  /** Of which its container is made. */
  readonly image: EngineId;
  /** What takes all of it back; whoever takes the gate owns it. */
  readonly scope: AsyncDisposableStack;
}

/** Keep a gate ready for the next server. */
export function keepServerGates(parts: ServerParts): KeptGates<SpareGate> {
  return new KeptGates({ make: (signal) => makeGate(parts, signal), laterMs: LATER_MS });
}

async function makeGate(parts: ServerParts, signal: AbortSignal): Promise<SpareGate> {
  const { files, network, owner, newId } = parts;
  const id = newId();
  await using made = new AsyncDisposableStack();
  const engine = await parts.engine();
  const image = await (await parts.images()).gate(() => undefined, signal);
  made.defer(() => files.remove(id));
  const labels = { [LABELS.owner]: owner, [LABELS.role]: "server-gate", [LABELS.pod]: id };
  const gate = await createGate(parts, { id, engine, image, labels, open: (place) => network.openSpare(place), signal, scope: made });
  await engine.start(gate.container, signal);
  await gate.link.ready(AbortSignal.any([signal, AbortSignal.timeout(GATE_TIMEOUT_MS)]));
  return { id, image, ...gate, scope: made.move() };
}
