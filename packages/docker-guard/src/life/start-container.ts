import type { PublishedPort } from "@sbx/core";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import { Refusal } from "../refusal.ts";
import { removeContainer } from "./remove-container.ts";
import { withinTotals } from "./total-sizes.ts";
import { withMounts } from "./with-mounts.ts";

/** Start a container after its gate, never before, and where it has room beside the others. @returns false when it runs already */
export function startContainer(guard: Guard, container: OwnedContainer): Promise<boolean> {
  return withinTotals(guard, container, () => start(guard, container));
}

async function start(guard: Guard, container: OwnedContainer): Promise<boolean> {
  const { id, record, asked } = container;
  const progress: { isReady: boolean } = { isReady: false };
  try {
    return await withMounts(guard, container, async () => {
      guard.containers.publish(id, await readyPod(guard, record));
      progress.isReady = true;
      const answer = await guard.parts.engine.call({ method: "POST", path: ["containers", id, "start"] });
      if (answer.status === 304) return false;
      if (answer.status !== 204) throw refusalOf(answer, "the container could not be started");
      return true;
    });
  } catch (error) {
    // As an engine does with one that could not be started.
    if (!progress.isReady && asked.HostConfig?.AutoRemove === true) await removeContainer(guard, container, { force: true, volumes: true });
    throw error;
  }
}

async function readyPod({ parts: { pods, onFault } }: Guard, { pod, ports }: OwnedContainer["record"]): Promise<readonly PublishedPort[]> {
  try {
    return await pods.ready(pod, ports);
  } catch (error) {
    onFault(error);
    const wanted = ports.map(({ hostPort }) => hostPort).filter((port) => port !== 0);
    throw new Refusal(500, `the container's network is not ready${wanted.length === 0 ? "" : `; one of the ports ${wanted.join(", ")} may be taken`}`);
  }
}
