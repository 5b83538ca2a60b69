import * as z from "zod";

/**
 * What the adapter takes from a file beside it: the suite puts false values into its environment, and nothing of that may get
 * into a sandbox.
 */
export const AdapterSettings = z.strictObject({
  home: z.string(),
  /** The whole environment with which the daemon is found, and started if it has to be. */
  env: z.record(z.string(), z.string()),
  /** What is otherwise in it for a daemon whose person has no directory of skills, or an empty one. */
  stores: z.strictObject({ missing: z.record(z.string(), z.string()), empty: z.record(z.string(), z.string()) }),
  /** Where the adapter keeps what it knows, and makes workspaces. */
  directory: z.string(),
  idleStopMs: z.number().int().positive(),
});
export type AdapterSettings = z.infer<typeof AdapterSettings>;
