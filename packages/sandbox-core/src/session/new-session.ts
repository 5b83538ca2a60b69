import { AppError, type OpenSession, type SandboxId, type SessionId } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { SessionRecord } from "../sandbox/sandbox-record.ts";

export interface NewSession {
  readonly id: SessionId;
  readonly sandbox: SandboxId;
  readonly startedAt: Date;
}

/** What a session runs. The profile is asked for only where an agent is started: reading its Kit takes longer than most commands. */
export async function commandOf(request: OpenSession, profile: () => Promise<AgentProfile>): Promise<readonly string[]> {
  if (request.kind === "exec") return request.args;
  return (await profile()).launch(request.mode === "terminal" ? "interactive" : "headless", request.args);
}

/** What is remembered of a session from its beginning. @throws AppError `USAGE` when there is nothing to run */
export function newSession({ id, sandbox, startedAt }: NewSession, request: OpenSession, command: readonly string[]): SessionRecord {
  if (command.length === 0) throw new AppError("USAGE", { message: "There is no command to run", fix: "Name a command, for example: sbx exec NAME ls -la" });
  return {
    version: 1,
    id,
    sandbox,
    kind: request.kind,
    mode: request.mode,
    command: [...command],
    startedAt: startedAt.toISOString(),
    state: { phase: "running" },
    ...(request.deadlineMs === undefined ? {} : { deadlineAt: new Date(startedAt.getTime() + request.deadlineMs).toISOString() }),
  };
}

/** A session that runs and of which nothing was remembered: it keeps its sandbox running, and can be joined. */
export function forgottenSession({ id, sandbox, startedAt }: NewSession): SessionRecord {
  return { version: 1, id, sandbox, kind: "agent", mode: "terminal", command: [], startedAt: startedAt.toISOString(), state: { phase: "running" } };
}
