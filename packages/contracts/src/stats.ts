import * as z from "zod";
import { SandboxId } from "./ids.ts";

const Count = z.number().nonnegative();

/**
 * What a sandbox uses of this machine now, and what it has used since the daemon began to count. Processor time only grows:
 * two answers give a share.
 */
export const SandboxStats = z.object({
  id: SandboxId,
  name: z.string(),
  /** ISO 8601, UTC: when this was so. */
  at: z.iso.datetime(),
  /** Absent while the sandbox does not run. */
  usage: z.object({ cpuNanoseconds: Count, memoryBytes: Count, memoryLimitBytes: Count, pids: Count, pidsLimit: Count }).optional(),
  /** How often its limits were met since it started: programs that were killed for want of memory, and starts that were refused. */
  limitsMet: z.object({ memory: Count, pids: Count }).optional(),
  /** Bytes and connections that the wall let through, both ways, and connections that it refused. */
  network: z.object({ bytesIn: Count, bytesOut: Count, connections: Count, refused: Count }),
  /** Tokens of the model's provider. */
  model: z.object({ requests: Count, inputTokens: Count, outputTokens: Count }),
});
export type SandboxStats = z.infer<typeof SandboxStats>;
