import type { Client, OpenSession, Sandbox, Session } from "@sbx/contracts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { followSession } from "../session/follow-session.ts";
import { sessionMode, terminalOf } from "../session/session-mode.ts";
import { createInput, type CreateOptions } from "./create-input.ts";
import { createWithProgress } from "./create-with-progress.ts";
import { settleJoined } from "./settle-joined.ts";
import { noticeLines, reportLines } from "./run-report.ts";
import { sessionEnvironment } from "./session-environment.ts";
import { splitRunArguments } from "./split-run-arguments.ts";

export interface RunOptions extends CreateOptions {
  readonly detach?: true | undefined;
  readonly deadline?: number | undefined;
  readonly new?: true | undefined;
  readonly rm?: true | undefined;
  readonly quiet?: true | undefined;
  readonly terminal?: boolean | undefined;
  readonly detachKeys: Uint8Array;
}

type OpenInput = Parameters<Client["openSession"]>[0];

/** `sbx run`: find or make the sandbox, open a session of its agent, stay with it, give its exit code. */
export async function runAgent(context: Context, agent: string, { rest, options }: { readonly rest: readonly string[]; readonly options: RunOptions }): Promise<number> {
  const { path, args } = splitRunArguments(rest);
  // Variables of a run are the session's: a sandbox that is there already gets them too, and the next run does not.
  const env = sessionEnvironment(options.env, context.env);
  const input = await createInput(context, agent, { options: { ...options, env: [] }, ...(path === undefined ? {} : { path }) });
  const connection = await context.daemon.connect();
  const quiet = options.quiet === true;
  const before = (await connection.client.listEvents({ limit: 1 })).at(-1)?.id ?? 0;
  const { sandbox, joined } = await createWithProgress(context, connection, { input, quiet });
  if (joined) await settleJoined(connection.client, sandbox, input);
  if (!quiet) for (const line of noticeLines(sandbox)) context.io.err(`${line}\n`);
  const mode = options.detach === true ? "terminal" : sessionMode(context.io, options.terminal);
  const running = joined && mode === "terminal" && args.length === 0 && options.new === undefined ? runningAgent(sandbox) : undefined;
  if (running !== undefined && !quiet) context.io.err(`sbx: joining the session that runs in ${sandbox.name}; for another one: sbx run --new ${agent}\n`);
  const stdin = mode === "streams" && context.io.stdinKind() === "data";
  const session = running ?? (await connection.client.openSession({ sandbox: sandbox.id, ...openRequest({ kind: "agent", mode, args: [...args], stdin, env }, context, options) }));
  if (options.detach === true) {
    context.io.out(`${sandbox.name}\n`);
    return EXIT.done;
  }
  const code = await followSession(context, connection, { session: session.id, mode, stdin, detachKeys: options.detachKeys, sandboxName: sandbox.name });
  await finish(context, { sandbox, session, before, options });
  return code;
}

function runningAgent({ sessions }: Sandbox): Session | undefined {
  return sessions.findLast(({ kind, mode, state }) => kind === "agent" && mode === "terminal" && state.phase === "running");
}

/** What to ask the daemon for; `terminal` and the deadline only where they are wanted. */
function openRequest(request: Pick<OpenSession, "kind" | "mode" | "args" | "stdin" | "env">, { io, env }: Context, { deadline }: RunOptions): Omit<OpenInput, "sandbox"> {
  return { ...request, ...(request.mode === "terminal" ? { terminal: terminalOf(io, env) } : {}), ...(deadline === undefined ? {} : { deadlineMs: deadline }) };
}

/** The report and, with --rm, the removal; both only when the session has ended. */
async function finish(context: Context, { sandbox, session, before, options }: { readonly sandbox: Sandbox; readonly session: Session; readonly before: number; readonly options: RunOptions }): Promise<void> {
  const { client } = await context.daemon.connect();
  if ((await client.inspectSession({ session: session.id })).state.phase !== "ended") return;
  if (options.quiet !== true) {
    const [report, events] = await Promise.all([client.reportWorkspace({ sandbox: sandbox.id }), client.listEvents({ sandbox: sandbox.id, after: before, limit: 10_000 })]);
    for (const line of reportLines(report, events)) context.io.err(`${line}\n`);
  }
  if (options.rm === true) await client.removeSandbox({ sandbox: sandbox.id });
}
