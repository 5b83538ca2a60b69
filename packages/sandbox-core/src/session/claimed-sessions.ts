import type { SessionId } from "@sbx/contracts";
import type { SessionRecord } from "../sandbox/sandbox-record.ts";
import type { SessionOnDisk } from "./hold-program.ts";

/** Sessions that a sandbox may claim of which nothing is known here: its agent can write any number of them. */
const MAX_CLAIMED = 32;

/**
 * Which of the sessions that a sandbox says it runs are taken from its word: those of which nothing is known, as far as
 * there is room beside what was taken before.
 */
export function claimedSessions(
  found: readonly SessionOnDisk[],
  { running, isKnown }: { readonly running: readonly SessionRecord[]; readonly isKnown: (id: SessionId) => boolean },
): readonly SessionId[] {
  const unknown = found.filter(({ session, state }) => state.phase === "running" && !isKnown(session));
  const claimed = running.filter(isClaimed).length;
  return unknown.slice(0, Math.max(0, MAX_CLAIMED - claimed)).map(({ session }) => session);
}

/** Nobody who is not the sandbox has said what such a session runs. */
function isClaimed({ command }: SessionRecord): boolean {
  return command.length === 0;
}
