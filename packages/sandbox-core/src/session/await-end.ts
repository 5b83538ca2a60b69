import { AppError } from "@sbx/contracts";
import { KILLED_EXIT } from "./exit-codes.ts";

/** How long to wait before the engine is asked again about a session: twice as long each time, up to the longest. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface AwaitEndParts {
  readonly now: () => Date;
  /** Resolves with the exit code at the session's end. Rejects with `SESSION_NOT_FOUND` when it is lost. */
  readonly ask: () => Promise<number>;
  /** Whether the sandbox runs and the session is still of interest. */
  readonly isThere: () => boolean;
}

/**
 * The exit code of a session when it has ended. An engine that does not answer for a while ends no session: only the
 * sandbox's own word, or its end, does. Never rejects.
 */
export async function awaitEnd({ now, ask, isThere }: AwaitEndParts): Promise<number> {
  let pause = FIRST_PAUSE_MS;
  while (isThere()) {
    const asked = now().getTime();
    try {
      return await ask();
    } catch (error) {
      if (AppError.is(error) && error.code === "SESSION_NOT_FOUND") return KILLED_EXIT;
    }
    // One that was waited for as it should be for a while begins anew.
    if (now().getTime() - asked > LONGEST_PAUSE_MS) pause = FIRST_PAUSE_MS;
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
  return KILLED_EXIT;
}
