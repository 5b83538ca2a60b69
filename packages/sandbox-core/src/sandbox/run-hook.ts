import { AppError } from "@sbx/contracts";
import type { ProfileHook } from "../kit/profile.ts";
import type { EngineId, ExecEngine } from "../ports/engine.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** A hook, where it runs, and for how long at most. */
export interface HookRun {
  readonly container: EngineId;
  readonly hook: ProfileHook;
  readonly record: SandboxRecord;
  /** Variables beside the container's own; a person's win. */
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Run one hook to its end. One that has not ended in its time is left to whoever ends the container, which a failed start does.
 *
 * @throws AppError `HOOK_FAILED`
 */
export async function runHook(exec: ExecEngine, { container, hook: { kit, place, user, variables, command }, record, env, limitMs, signal }: HookRun): Promise<void> {
  // Others of the container's processes may read what a process begins with, also what its command passes over.
  const seen = Object.fromEntries(Object.entries({ ...env, ...record.request.env }).filter(([name]) => variables.includes(name)));
  const spec = { command, env: seen, user: user === "root" ? "0:0" : record.user, workdir: record.homeDirectory };
  const limit = AbortSignal.timeout(limitMs);
  const { exitCode, stderr } = await exec.run(container, spec, AbortSignal.any([signal, limit])).catch((cause: unknown) => {
    if (!limit.aborted || signal.aborted) throw cause;
    throw new AppError("HOOK_FAILED", {
      message: `The hook ${place} of Kit "${kit}" did not end within ${limitMs / 1000} seconds`,
      fix: "Correct the hook: what goes on for ever is a startup hook with background: true. For a longer time set SBX_HOOK_LIMIT_MS where the daemon is started.",
      cause,
    });
  });
  if (exitCode === 0) return;
  throw new AppError("HOOK_FAILED", {
    message: `The hook ${place} of Kit "${kit}" ended with code ${exitCode}: ${stderr.trim().slice(-500)}`,
    fix: "Correct the hook in the Kit's lifecycle capability.",
  });
}
