import { ContainerFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import type { BindMount } from "../ports.ts";
import { printable, Refusal } from "../refusal.ts";
import { mountBinds } from "./plan-mounts.ts";

/**
 * Do something for which the engine mounts what a container sees of the workspace: start it, or reach its files. One at a time;
 * of one that does not run its mounts are made anew first, and then stay while it runs.
 *
 * A container keeps the mounts that it was made with: where more is protected or hidden by now, it would show that as it is.
 *
 * @throws Refusal 409 then
 */
export function withMounts<T>(guard: Guard, container: OwnedContainer, work: () => Promise<T>): Promise<T> {
  if (!container.record.mounts.some(({ type }) => type === "bind")) return work();
  return guard.mounting.take(container.id, async () => {
    await mountAgain(guard, container);
    return work();
  });
}

async function mountAgain(guard: Guard, { id, name, record }: OwnedContainer): Promise<void> {
  const { status, body } = await guard.parts.engine.call({ method: "GET", path: ["containers", id, "json"] });
  if (status !== 200) throw refusalOf({ status, body }, `No such container: ${id}`);
  const { State, Mounts } = ContainerFacts.parse(body);
  if (State.Running) return;
  // Some engines say a path of the person's as their own machine has it: below a directory of theirs.
  const has = ({ source, target, readonly }: BindMount) => Mounts?.some(({ Source, Destination, RW }) => Source.endsWith(source) && Destination === target && RW !== readonly) === true;
  const lacking = (await mountBinds(guard, record.pod, record.mounts)).find((mount) => mount.masks !== true && !has(mount));
  if (lacking === undefined) return;
  const place = printable(lacking.target);
  throw new Refusal(409, `the container ${printable(name)} was made before ${place} was protected or hidden as it is now, and would show it otherwise: remove it, and make it again`);
}
