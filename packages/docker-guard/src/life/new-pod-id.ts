import { randomInt } from "node:crypto";
import { ContainerPodId } from "@sbx/contracts";

/** Make up the id of a container's pod. */
export function newPodId(): ContainerPodId {
  return ContainerPodId.parse(`ctr_${Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("")}`);
}
