import type { UsageEngine } from "@sbx/core";
import type Docker from "dockerode";
import * as z from "zod";
import { checkId } from "./containers.ts";
import { askUnless } from "./docker-error.ts";

const Count = z.number().nonnegative();
/** Of an engine's answer only what is shown; engines leave out what a container that ends does not have. */
const Stats = z.looseObject({
  cpu_stats: z.looseObject({ cpu_usage: z.looseObject({ total_usage: Count }) }),
  memory_stats: z.looseObject({ usage: Count, limit: Count, stats: z.record(z.string(), z.number()).optional() }),
  pids_stats: z.looseObject({ current: Count.optional(), limit: Count.optional() }).optional(),
});

/** What containers of an engine use. */
export function createUsage({ docker }: { readonly docker: Docker }): UsageEngine {
  return {
    async usage(id) {
      const answer: unknown = await askUnless([404, 409], "look at what a container uses", async () => docker.getContainer(checkId(id)).stats({ stream: false, "one-shot": true }));
      const stats = Stats.safeParse(answer).data;
      if (stats === undefined) return undefined;
      const { usage, limit, stats: parts = {} } = stats.memory_stats;
      return {
        cpuNanoseconds: stats.cpu_stats.cpu_usage.total_usage,
        // What the kernel can take back at once is no use of memory: as the engine's own command line counts, for both kinds of control groups.
        memoryBytes: Math.max(0, usage - (parts["total_inactive_file"] ?? parts["inactive_file"] ?? 0)),
        memoryLimitBytes: limit,
        pids: stats.pids_stats?.current ?? 0,
      };
    },
  };
}
