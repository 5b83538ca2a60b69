import { ContainerSummaries, type ContainerSummary } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";

/** What the engine says of the sandbox's containers, or of the steps of its builds, and of no other. */
export async function summaries(
  guard: Pick<Guard, "containers" | "parts" | "seal">,
  query: Readonly<Record<string, string>> = {},
  role: "child" | "child-build" = "child",
): Promise<readonly ContainerSummary[]> {
  const { engine } = guard.parts;
  const { body } = await engine.call({ method: "GET", path: ["containers", "json"], query: { ...query, all: "1", filters: JSON.stringify({ label: guard.seal.filter(role) }) } });
  const owned = new Set(guard.containers.all().map(({ id }) => id));
  return ContainerSummaries.parse(body).filter(({ Id }) => role === "child-build" || owned.has(Id));
}
