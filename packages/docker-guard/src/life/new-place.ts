import { randomBytes, randomInt } from "node:crypto";
import { ContainerPodId } from "@sbx/contracts";
import type { ChildPlace } from "@sbx/core";

/** Make up the id of a container's pod, and the name that it has as a host where none is asked for: of the form that engines give. */
export function newPlace(): ChildPlace {
  return { id: ContainerPodId.parse(`ctr_${Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("")}`), hostname: randomBytes(6).toString("hex") };
}
