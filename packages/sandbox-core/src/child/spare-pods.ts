import { KeptReady } from "../pod/kept-ready.ts";
import type { ChildPlace, ChildPod } from "./child-pod.ts";
import { beginGate, endGate, type ChildGate } from "./child-gate.ts";
import type { ContainerPodParts } from "./container-pods.ts";

/** A container that was just started has its own work to do first. */
const LATER_MS = 500;

/** A pod that is nobody's yet: in no network, with no name, and nothing ran in it. */
export interface SparePod extends ChildPlace {
  /** Its gate; `undefined` where it could not be made. */
  readonly made: Promise<ChildGate | undefined>;
}

/**
 * Keep one pod of a sandbox ready while its agent uses its Docker API. What fails is not told: a pod is made then when it is wanted.
 * What is left after a crash has the labels of any child's gate, and goes as those do.
 */
export function keepSparePods(parts: ContainerPodParts, newPlace: () => ChildPlace): KeptReady<SparePod> {
  return new KeptReady({
    begin: () => {
      const place = newPlace();
      const child: ChildPod = { ...place, name: "spare", networks: [], hosts: [] };
      return { ...place, made: beginGate(parts, child).catch(() => undefined) };
    },
    end: async ({ id, made }) => {
      const gate = await made;
      if (gate !== undefined) await endGate(parts, { id, ...gate }).catch(() => undefined);
    },
    laterMs: LATER_MS,
  });
}
