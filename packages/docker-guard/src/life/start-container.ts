import type { PublishedPort } from "@sbx/core";
import { ContainerFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import { Refusal } from "../refusal.ts";
import { mountBinds } from "./plan-mounts.ts";
import { removeContainer } from "./remove-container.ts";
import { withinTotals } from "./total-sizes.ts";

/** Start a container after its gate, never before, and where it has room beside the others. @returns false when it runs already */
export function startContainer(guard: Guard, container: OwnedContainer): Promise<boolean> {
  return withinTotals(guard, container, () => start(guard, container));
}

async function start(guard: Guard, container: OwnedContainer): Promise<boolean> {
  const { id, record, asked } = container;
  const ports = await mountAgain(guard, container)
    .then(() => readyPod(guard, record))
    .catch(async (error: unknown) => {
      // As an engine does with one that could not be started.
      if (asked.HostConfig?.AutoRemove === true) await removeContainer(guard, container, { force: true, volumes: true });
      throw error;
    });
  guard.containers.publish(id, ports);
  const answer = await guard.parts.engine.call({ method: "POST", path: ["containers", id, "start"] });
  if (answer.status === 304) return false;
  if (answer.status !== 204) throw refusalOf(answer, "the container could not be started");
  return true;
}

/** What a container sees of the workspace is found anew before each start, and stays while it runs. */
async function mountAgain(guard: Guard, { id, record }: OwnedContainer): Promise<void> {
  if (!record.mounts.some(({ type }) => type === "bind")) return;
  const { status, body } = await guard.parts.engine.call({ method: "GET", path: ["containers", id, "json"] });
  if (status !== 200 || !ContainerFacts.parse(body).State.Running) await mountBinds(guard, record.pod, record.mounts);
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
