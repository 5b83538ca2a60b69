import { AppError, type ProblemCode } from "@sbx/contracts";

/** Exit codes of the contract: done, something failed, and the runtime declined what it understood. */
export const EXIT = { done: 0, failed: 1, refused: 2 } as const;

/** Problems that are the runtime's own no to what was asked of it. All others mean that something went wrong. */
const REFUSALS: ReadonlySet<ProblemCode> = new Set(["AGENT_UNKNOWN", "CONFIG_INVALID", "CREDENTIAL_MISSING", "KIT_CONFLICT", "KIT_INVALID", "KIT_UNSUPPORTED", "ORGANISATION_DENIED"]);

/** What the adapter ends with and says when something was thrown; told by the problem's code, never by its text. */
export function outcomeOf(error: unknown): { readonly code: number; readonly said: string } {
  if (!AppError.is(error)) return { code: EXIT.failed, said: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  return { code: REFUSALS.has(error.code) ? EXIT.refused : EXIT.failed, said: `${error.code}: ${error.message}\n${error.fix}` };
}
