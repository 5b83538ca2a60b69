import { AppError } from "@sbx/contracts";

/** What a caller's signal makes of a call. Its reason is the cause. */
export function interrupted(signal: AbortSignal, what: string): AppError {
  return new AppError("INTERRUPTED", { message: `${what} was given up`, fix: "Call again when it is wanted after all.", cause: signal.reason });
}

/** @throws AppError `INTERRUPTED` when the signal has fired already */
export function refuseAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw interrupted(signal, what);
}
