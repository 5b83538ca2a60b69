import type { SandboxId, SandboxStats } from "@sbx/contracts";
import { limitsCommand, readLimitsMet, type ExecEngine, type LiveSandbox, type UsageEngine } from "@sbx/core";
import type { Tallied } from "../state/tally.ts";

export interface StatsParts {
  readonly engine: () => Promise<UsageEngine & ExecEngine>;
  readonly tally: (sandbox: SandboxId) => Tallied;
  readonly now: () => Date;
  /** Whether to look how often limits were met, which takes a process in each. */
  readonly limits: boolean;
}

/** What sandboxes use now; of those that do not run only what was counted. */
export async function sandboxStats({ engine, tally, now, limits }: StatsParts, sandboxes: readonly LiveSandbox[]): Promise<SandboxStats[]> {
  return await Promise.all(
    sandboxes.map(async ({ record, running }) => {
      const { id, name, workload, request, user } = record;
      const usage = running && workload !== undefined ? await (await engine()).usage(workload) : undefined;
      const met =
        limits && usage !== undefined && workload !== undefined
          ? await (await engine()).run(workload, { command: limitsCommand(), env: {}, user, workdir: "/" }).then(
              ({ stdout }) => readLimitsMet(stdout),
              () => undefined,
            )
          : undefined;
      return {
        id,
        name,
        at: now().toISOString(),
        ...tally(id),
        ...(met === undefined ? {} : { limitsMet: met }),
        ...(usage === undefined ? {} : { usage: { ...usage, pidsLimit: request.limits.pids } }),
      };
    }),
  );
}
