import * as z from "zod";
import { SandboxId, SessionId } from "./ids.ts";
import { AbsolutePath, EnvName } from "./plain-shapes.ts";

/** Where a session stands: running, or ended with an exit code from 0 to 255 at a time. */
export const SessionState = z.discriminatedUnion("phase", [z.object({ phase: z.literal("running") }), z.object({ phase: z.literal("ended"), exitCode: z.number().int(), at: z.iso.datetime() })]);
export type SessionState = z.infer<typeof SessionState>;

/** One program that runs, or ran, in a sandbox: what it is, how it is attached to, and how it stands. */
export const Session = z.object({
  id: SessionId,
  sandbox: SandboxId,
  /** `agent` is the profile's program, `exec` a command of the person's. */
  kind: z.enum(["agent", "exec"]),
  /** `terminal` sessions survive their clients; `streams` have three separate streams. */
  mode: z.enum(["terminal", "streams"]),
  command: z.array(z.string()),
  startedAt: z.iso.datetime(),
  state: SessionState,
});
export type Session = z.infer<typeof Session>;

/** Size of a terminal in character cells, 1 to 10000 each way. */
export const TerminalSize = z.strictObject({ columns: z.number().int().min(1).max(10_000), rows: z.number().int().min(1).max(10_000) });
export type TerminalSize = z.infer<typeof TerminalSize>;

/** Asks for a program to be run in a sandbox: which, with what terminal or streams, and for how many milliseconds at most. */
export const OpenSession = z.strictObject({
  kind: z.enum(["agent", "exec"]),
  mode: z.enum(["terminal", "streams"]),
  /** Arguments added to the profile's program (`agent`), or the whole argument vector (`exec`). */
  args: z.array(z.string().max(131_072)).max(10_000),
  /**
   * Have the `agent` speak the Agent Client Protocol on its streams, by the command that a Kit declares for it: the one of this
   * name, or the only one. It ends when its client has gone. Without `args`. Its messages are an agent's words: an editor that is
   * given them as they are carries out on its machine what the agent asks for.
   */
  acp: z.strictObject({ agent: z.string().min(1).max(320).optional() }).optional(),
  terminal: z.strictObject({ size: TerminalSize, term: z.string().max(64).default("xterm-256color"), colorTerm: z.string().max(64).optional() }).optional(),
  /** Whether stdin will be sent; false gives end of file at once. */
  stdin: z.boolean().default(false),
  env: z.record(EnvName, z.string()).default({}),
  workdir: AbsolutePath.optional(),
  /** As whom: the sandbox's own user, and nobody else. */
  user: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
  /** The session is ended when it has run this long, in milliseconds. */
  deadlineMs: z.number().int().positive().optional(),
});
export type OpenSession = z.infer<typeof OpenSession>;
