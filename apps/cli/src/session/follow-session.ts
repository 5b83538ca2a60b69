import type { Client, SessionId } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { SessionEnd } from "@sbx/core/client";
import type { Connection, Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { attachHeadless } from "./attach-headless.ts";
import { ClipboardFilter } from "./clipboard-filter.ts";
import { attachTerminal } from "./attach-terminal.ts";

export interface FollowOptions {
  readonly session: SessionId;
  readonly mode: "terminal" | "streams";
  readonly stdin: boolean;
  readonly detachKeys: Uint8Array;
  /** Whether programs may write the clipboard of this terminal. */
  readonly clipboard: boolean;
  /** What a person types after `sbx attach` to come back. */
  readonly sandboxName: string;
}

/** How long a daemon that died is waited for, all attempts together, in milliseconds. */
const RECONNECT_MS = 30_000;
const POLL_MS = 250;

/**
 * Stay with a session until it ends, also over the death of the daemon, and give its exit code.
 *
 * A terminal session is joined again. One with three streams cannot be: its end is waited for.
 */
export async function followSession(context: Context, connection: Connection, options: FollowOptions): Promise<number> {
  let current: Connection | undefined = connection;
  while (current !== undefined) {
    const attach = options.mode === "terminal" ? attachTerminal : attachHeadless;
    const end: SessionEnd | number = await attach(context, current, options);
    if (typeof end === "number") return end;
    if (end.kind === "exit") {
      for (const line of await lastLines(current.client, options, end.code)) context.io.err(`${line}\n`);
      return end.code;
    }
    if (end.kind === "problem") return await endedAlready(context, current, { options, error: end.error });
    if (end.kind === "left") return EXIT.done;
    const lost = options.mode === "streams" ? "; what it prints meanwhile is lost" : "";
    context.io.err(`sbx: the connection to the daemon is gone; waiting for it. The session goes on${lost}.\n`);
    const back = await returnTo(context, options);
    if (typeof back === "number") return back;
    current = back;
  }
  throw new AppError("DAEMON_UNREACHABLE", {
    message: "The daemon went away and did not come back",
    fix: `Join the session again with: sbx attach ${options.sandboxName}; the daemon's log: sbx daemon logs`,
  });
}

/** What there is to say of a session that has ended: mostly nothing, and then nothing is loaded for it. */
async function lastLines(client: Client, { mode, sandboxName }: FollowOptions, code: number): Promise<readonly string[]> {
  const asked = mode === "terminal" ? await (await import("../open/asked-line.ts")).askedLines(client, sandboxName) : [];
  const limits = code === 0 ? [] : await (await import("./limit-lines.ts")).limitLines(client, sandboxName, code);
  return [...limits, ...asked];
}

/** A session that ended before it could be joined is no failure: what it printed is in its log. */
async function endedAlready({ io }: Context, { client }: Connection, { options, error }: { readonly options: FollowOptions; readonly error: AppError }): Promise<number> {
  if (error.code !== "SESSION_NOT_FOUND") throw error;
  const { state } = await client.inspectSession({ session: options.session });
  if (state.phase !== "ended") throw error;
  const { text } = await client.sessionLogs({ session: options.session });
  io.stdout.write(io.isTerminal.stdout ? new ClipboardFilter().push(Buffer.from(text)) : text);
  return state.exitCode;
}

/** The exit code when the session has ended meanwhile, or the connection for going on; `undefined` when no daemon came back. */
async function returnTo(context: Context, { session, mode }: FollowOptions): Promise<number | Connection | undefined> {
  let lastAnswer = context.now();
  while (context.now() < lastAnswer + RECONNECT_MS) {
    try {
      const connection = await context.daemon.connect();
      const { state } = await connection.client.inspectSession({ session });
      if (state.phase === "ended") return state.exitCode;
      if (mode === "terminal") return connection;
      lastAnswer = context.now();
    } catch (error) {
      if (!AppError.is(error) || !error.retryable) throw error;
    }
    await context.sleep(POLL_MS);
  }
  return undefined;
}
