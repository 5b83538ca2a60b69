import type { SandboxId, SandboxStats } from "@sbx/contracts";
import type { LiveSandbox, UsageEngine } from "@sbx/core";
import type { Tallied } from "../state/tally.ts";

export interface StatsParts {
  readonly engine: () => Promise<UsageEngine>;
  readonly tally: (sandbox: SandboxId) => Tallied;
  readonly now: () => Date;
}

/** What sandboxes use now; of those that do not run only what was counted. */
export async function sandboxStats({ engine, tally, now }: StatsParts, sandboxes: readonly LiveSandbox[]): Promise<SandboxStats[]> {
  return await Promise.all(
    sandboxes.map(async ({ record, running }) => {
      const { id, name, workload, request } = record;
      const usage = running && workload !== undefined ? await (await engine()).usage(workload) : undefined;
      return {
        id,
        name,
        at: now().toISOString(),
        ...tally(id),
        ...(usage === undefined ? {} : { usage: { ...usage, pidsLimit: request.limits.pids } }),
      };
    }),
  );
}
