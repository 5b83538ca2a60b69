import { AppError, SESSION_SIGNALS, SessionId } from "@sbx/contracts";
import { SESSION_DIRECTORY } from "../sandbox/workload-container.ts";

/** Exit code of an attaching process whose viewer left, or was made to leave, while the session goes on. */
export const HOLD_DETACHED = 250;

/** Exit code of the holder's verbs when there is no such session, or it was lost without an exit code. */
export const HOLD_NO_SESSION = 251;

/** How a session stands, told by the container itself. `lost`: its holder died without noting an exit code. */
export interface SessionOnDisk {
  readonly session: SessionId;
  readonly state: { readonly phase: "running" } | { readonly phase: "ended"; readonly exitCode: number } | { readonly phase: "lost" };
}

/** The directory of a session. @throws ZodError for what is no session id. */
export function sessionDirectory(session: SessionId): string {
  return `${SESSION_DIRECTORY}/${SessionId.parse(session)}`;
}

/** The holder's name of a signal. @throws AppError `USAGE` for one that is not sent. */
export function holdSignal(name: string): string {
  const found = SESSION_SIGNALS.find((known) => known === name);
  if (found !== undefined) return found.slice(3);
  throw new AppError("USAGE", { message: `A session cannot be sent the signal "${name.slice(0, 32)}".`, fix: `Send one of ${SESSION_SIGNALS.join(", ")}.` });
}

/** Read what `hold list` prints. Directories that are no sessions are passed over; their names are the sandbox's to choose. */
export function parseSessionList(text: string): readonly SessionOnDisk[] {
  return text.split("\n").flatMap((line): readonly SessionOnDisk[] => {
    const found = /^(\S+) (?:(running|lost)|ended (\d{1,3}))$/.exec(line);
    const session = SessionId.safeParse(found?.[1]);
    if (found === null || !session.success) return [];
    const exitCode = Number(found[3]);
    if (found[3] !== undefined) return exitCode > 255 ? [] : [{ session: session.data, state: { phase: "ended", exitCode } }];
    return [{ session: session.data, state: { phase: found[2] === "running" ? "running" : "lost" } }];
  });
}
