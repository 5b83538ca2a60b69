import { AppError } from "@sbx/contracts";

/** The expected failure that a call ends in; fails a test whose call succeeds or ends in anything else. */
export function problemOf(call: () => unknown): AppError {
  try {
    call();
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error("expected a failure");
}
