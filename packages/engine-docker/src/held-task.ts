import { AppError } from "@sbx/contracts";

/**
 * What containerd says of a container whose last run it did not see end, because it was killed meanwhile: it does not start that
 * one again, however often it is asked.
 */
const HELD = /\btask [0-9a-f]{64}: already exists\b/;

/** The same problem, with `details.held` where the engine does not let go of a container's last run. */
export function noteHeldTask(error: unknown): unknown {
  if (!AppError.is(error) || error.code !== "ENGINE_FAILED" || !HELD.test(error.message)) return error;
  const { code, message, fix, details, cause } = error;
  return new AppError(code, { message, fix, details: { ...details, held: true }, cause });
}
