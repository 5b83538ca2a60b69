import type { Client, Sandbox, Session } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { mayOffer } from "../mcp/offer-files.ts";
import { followSession } from "../session/follow-session.ts";
import { sessionMode, terminalOf } from "../session/session-mode.ts";
import { createInput, type CreateOptions } from "./create-input.ts";
import { createWithProgress } from "./create-with-progress.ts";
import { readEnvFiles } from "./env-file.ts";
import { readRunArguments } from "./further-directories.ts";
import { noticeLines, reportLines } from "./run-report.ts";
import { sessionEnvironment } from "./session-environment.ts";

export interface RunOptions extends CreateOptions {
  readonly detach?: true | undefined;
  readonly deadline?: number | undefined;
  readonly new?: true | undefined;
  readonly rm?: true | undefined;
  readonly quiet?: true | undefined;
  readonly terminal?: boolean | undefined;
  readonly detachKeys: Uint8Array;
  readonly clipboard?: true | undefined;
}

/** `sbx run`: find or make the sandbox, open a session of its agent, stay with it, give its exit code. */
export async function runAgent(context: Context, agent: string, { rest, options }: { readonly rest: readonly string[]; readonly options: RunOptions }): Promise<number> {
  const { path, more, args } = await readRunArguments(rest, context);
  // Variables of a run are the session's: a sandbox that is there already gets them too, and the next run does not.
  const env = sessionEnvironment([...(await readEnvFiles(options.envFile, context)), ...options.env], context.env);
  const input = await createInput(context, agent, { options: { ...options, addDir: [...options.addDir, ...more], env: [], envFile: [] }, ...(path === undefined ? {} : { path }) });
  const connection = await context.daemon.connect();
  const before = (await connection.client.listEvents({ limit: 1 })).at(-1)?.id ?? 0;
  const quiet = options.quiet === true;
  // To make a sandbox takes the engine a while, in which this processor has nothing else to do.
  const [{ sandbox, joined }, offers] = await Promise.all([createWithProgress(context, connection, { input, quiet }), quiet ? [] : offered(context, connection.client, input.workspace)]);
  if (!quiet) for (const line of [...noticeLines(sandbox), ...offers]) context.io.err(`${line}\n`);
  const { session, stdin } = await openOrJoin(context, connection.client, { sandbox, joined, args, env, options });
  if (options.detach === true) {
    context.io.out(`${sandbox.name}\n`);
    return EXIT.done;
  }
  const code = await followSession(context, connection, {
    session: session.id,
    mode: session.mode,
    stdin,
    detachKeys: options.detachKeys,
    clipboard: options.clipboard === true,
    sandboxName: sandbox.name,
  });
  await finish(context, { sandbox, session, before, options });
  return code;
}

/** What the project offers of MCP servers. Loaded only where there may be something. */
async function offered(context: Context, client: Client, workspace: string): Promise<readonly string[]> {
  return !mayOffer(workspace) ? [] : await (await import("../mcp/project-offer.ts")).offerLines(context, client, workspace);
}

interface Wanted {
  readonly sandbox: Sandbox;
  readonly joined: boolean;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly options: RunOptions;
}

/** At a terminal and without arguments, the agent's session that runs already; otherwise a new one. */
async function openOrJoin({ io, env: ours }: Context, client: Client, { sandbox, joined, args, env, options }: Wanted): Promise<{ readonly session: Session; readonly stdin: boolean }> {
  const mode = options.detach === true ? "terminal" : sessionMode(io, options.terminal);
  const mayJoin = joined && mode === "terminal" && args.length === 0 && options.new === undefined;
  const running = mayJoin ? runningAgent(sandbox) : undefined;
  if (running !== undefined) {
    if (options.quiet !== true) io.err(`sbx: joining the session that runs in ${sandbox.name}; for another one: sbx run --new ${cleanText(sandbox.agent)}\n`);
    return { session: running, stdin: false };
  }
  const stdin = mode === "streams" && io.stdinKind() === "data";
  const request = { sandbox: sandbox.id, kind: "agent" as const, mode, args: [...args], env, stdin };
  const session = await client.openSession({
    ...request,
    ...(mode === "terminal" ? { terminal: terminalOf(io, ours) } : {}),
    ...(options.deadline === undefined ? {} : { deadlineMs: options.deadline }),
  });
  return { session, stdin };
}

function runningAgent({ sessions }: Sandbox): Session | undefined {
  return sessions.findLast(({ kind, mode, state }) => kind === "agent" && mode === "terminal" && state.phase === "running");
}

/** The report and, with --rm, the removal; both only when the session has ended. */
export async function finish(
  context: Context,
  { sandbox, session, before, options }: { readonly sandbox: Sandbox; readonly session: Session; readonly before: number; readonly options: Pick<RunOptions, "quiet" | "rm"> },
): Promise<void> {
  const { client } = await context.daemon.connect();
  if ((await client.inspectSession({ session: session.id })).state.phase !== "ended") return;
  if (options.quiet !== true) {
    const [report, events] = await Promise.all([client.reportWorkspace({ sandbox: sandbox.id }), client.listEvents({ sandbox: sandbox.id, after: before, limit: 10_000 })]);
    for (const line of reportLines(report, events)) context.io.err(`${line}\n`);
  }
  if (options.rm === true) await client.removeSandbox({ sandbox: sandbox.id });
}
