import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import { Refusal } from "../refusal.ts";

/** Remove a container with its pod. Resolves when both are gone. @throws Refusal 409 when it runs and is not to be forced */
export async function removeContainer(guard: Guard, { id, name, record }: OwnedContainer, { force, volumes }: { readonly force: boolean; readonly volumes: boolean }): Promise<void> {
  const answer = await guard.parts.engine.call({ method: "DELETE", path: ["containers", id], query: force ? { force: "1" } : {} });
  if (answer.status === 409)
    throw new Refusal(409, `You cannot remove a running container ${id}. Stop the container before attempting removal or force remove (its name is ${name}, or its removal is under way).`);
  if (answer.status !== 204 && answer.status !== 404) throw refusalOf(answer, "the container could not be removed");
  guard.events.tell({ type: "container", action: "destroy", id, attributes: { name } });
  await guard.destroyed(id);
  if (volumes) await guard.removeAnonymousVolumes(record.mounts);
}
