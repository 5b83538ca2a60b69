import type { DockerPolicy, WantedLimits } from "@sbx/contracts";
import { GUARD_LIMITS, type GuardLimits } from "@sbx/docker-guard";

/** The limits of a guard: its own, those of its sandbox for each container, and those of a Docker policy, the least of each. */
export function guardLimits({ cpus, memoryBytes }: Pick<WantedLimits, "cpus" | "memoryBytes">, policy: Pick<DockerPolicy, "limits">): Partial<GuardLimits> {
  const limits: Record<string, number> = { ...GUARD_LIMITS };
  for (const [name, value] of [...Object.entries({ cpus, memoryBytes }), ...Object.entries(policy.limits ?? {})]) if (value !== undefined) limits[name] = Math.min(limits[name] ?? value, value);
  return limits;
}
