import { ContainerSummaries, type ContainerSummary } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";

/** What the engine says of the sandbox's containers, and of no other. */
export async function summaries(guard: Pick<Guard, "containers" | "parts" | "seal">, query: Readonly<Record<string, string>> = {}): Promise<readonly ContainerSummary[]> {
  const { engine } = guard.parts;
  const { body } = await engine.call({ method: "GET", path: ["containers", "json"], query: { ...query, all: "1", filters: JSON.stringify({ label: guard.seal.filter("child") }) } });
  const owned = new Set(guard.containers.all().map(({ id }) => id));
  return ContainerSummaries.parse(body).filter(({ Id }) => owned.has(Id));
}
