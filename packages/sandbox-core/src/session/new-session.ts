import { AppError, type OpenSession, type SandboxId, type SessionId } from "@sbx/contracts";
import { findAcpAgent } from "../kit/acp-agents.ts";
import type { AgentProfile } from "../kit/profile.ts";
import type { SessionRecord } from "../sandbox/sandbox-record.ts";

export interface NewSession {
  readonly id: SessionId;
  readonly sandbox: SandboxId;
  readonly startedAt: Date;
}

/** What a session runs, and its variables beside those of its sandbox. */
export interface ProgramOfSession {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * What a session runs. The profile is asked for only where an agent is started: reading its Kit takes longer than most commands.
 *
 * @throws AppError `ACP_UNAVAILABLE`, or `USAGE` where what is asked for cannot be together
 */
export async function programOf(request: OpenSession, profile: () => Promise<AgentProfile>): Promise<ProgramOfSession> {
  const { kind, mode, args, env, acp } = request;
  if (acp !== undefined) {
    if (kind !== "agent" || mode !== "streams" || args.length > 0)
      throw new AppError("USAGE", { message: "The Agent Client Protocol is spoken by an agent without a terminal, and takes no arguments", fix: "Leave them out." });
    const found = findAcpAgent((await profile()).acp, acp.agent);
    return { command: found.command, env: { ...env, ...found.env } };
  }
  return { command: kind === "exec" ? args : (await profile()).launch(mode === "terminal" ? "interactive" : "headless", args), env };
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
