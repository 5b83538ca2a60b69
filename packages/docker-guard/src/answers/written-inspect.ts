import { ContainerFacts } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import type { OwnedNetwork } from "../owned/owned-networks.ts";
import type { EngineReply } from "../ports.ts";
import { inspectAnswer } from "./container-answers.ts";

/** What was written of a container, and all that it was written of beside what is known of the container itself. */
interface Written {
  readonly bytes: Buffer;
  readonly networks: readonly (OwnedNetwork | undefined)[];
  readonly execs: string;
  readonly text: string;
}

/** By what is known of a container, which becomes another object with each change. */
const WRITTEN = new WeakMap<OwnedContainer, Written>();

/**
 * What inspect says of a container, written as JSON. Clients that wait for one ask many times a second: while the engine's answer is the same byte
 * for byte, and what is known here is, it is what was written before.
 */
export function writtenInspect(guard: Guard, container: OwnedContainer, reply: EngineReply): string {
  const { bytes } = reply;
  const networks = container.endpoints.map(({ network }) => guard.networks.withId(network));
  const execs = guard.execs
    .of(container.id)
    .map(({ id }) => id)
    .join();
  const before = WRITTEN.get(container);
  if (before !== undefined && bytes !== undefined && before.execs === execs && before.bytes.equals(bytes) && networks.every((one, index) => one === before.networks[index])) return before.text;
  const text = JSON.stringify(inspectAnswer(guard, container, ContainerFacts.parse(reply.body)));
  if (bytes !== undefined) WRITTEN.set(container, { bytes, networks, execs, text });
  return text;
}
