import type { JsonObject } from "@sbx/contracts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import { Refusal } from "../refusal.ts";
import type { ContainerUpdate } from "../routes/schema/container-update.ts";
import { sizesOf, withinTotals } from "./total-sizes.ts";

/** Give a container other limits, within those of its sandbox. What is not said, or 0, stays. @throws Refusal 400 or 409 */
export async function updateContainer(guard: Guard, { id }: OwnedContainer, asked: ContainerUpdate): Promise<void> {
  const { Memory = 0, NanoCpus = 0, PidsLimit = 0, CpuShares = 0 } = asked;
  refuseMore(guard, { Memory, NanoCpus, PidsLimit });
  const wanted = positive({ Memory, MemorySwap: Memory, NanoCpus, PidsLimit, CpuShares });
  if (Object.keys(wanted).length === 0) return;
  const now = await sizesOf(guard, id);
  const sizes = { memory: Memory === 0 ? now.memory : Memory, nanoCpus: NanoCpus === 0 ? now.nanoCpus : NanoCpus, pids: PidsLimit === 0 ? now.pids : PidsLimit };
  await withinTotals(guard, { id, sizes }, async () => {
    const answer = await guard.parts.engine.call({ method: "POST", path: ["containers", id, "update"], body: wanted });
    if (answer.status !== 200) throw refusalOf(answer, "the limits could not be changed: it may use more than that now");
  });
}

function refuseMore({ parts: { limits } }: Guard, { Memory, NanoCpus, PidsLimit }: { readonly Memory: number; readonly NanoCpus: number; readonly PidsLimit: number }): void {
  const most = { Memory: [Memory, limits.memoryBytes], NanoCpus: [NanoCpus, Math.round(limits.cpus * 1e9)], PidsLimit: [PidsLimit, limits.pids] } as const;
  for (const [name, [asked, limit]] of Object.entries(most)) if (asked < 0 || asked > limit) throw new Refusal(400, `${name} is refused: a container of this sandbox has at most ${limit}`);
}

function positive(sizes: Readonly<Record<string, number>>): JsonObject {
  return Object.fromEntries(Object.entries(sizes).filter(([, size]) => size > 0));
}
