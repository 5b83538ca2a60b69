import type { SessionId } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { SessionDrive, type SessionEnd } from "@sbx/core/client";
import type { Connection, Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { ClipboardFilter } from "../session/clipboard-filter.ts";
import { AgentOutput } from "./agent-output.ts";
import { EditorInput } from "./editor-input.ts";

/**
 * Join the editor on our streams and an agent until the agent ends, and give its exit code. The session is nobody's without the
 * editor: a signal, or an editor that reads no more, ends it.
 */
export async function attachEditor(context: Context, connection: Connection, session: SessionId): Promise<number> {
  const { io } = context;
  const stream = await connection.attach(session, new AbortController().signal);
  const input = new EditorInput();
  const output = new AgentOutput(io, input);
  const guard = new ClipboardFilter();
  const shown = (chunk: Uint8Array): Uint8Array => (io.isTerminal.stderr ? guard.push(chunk) : chunk);
  const drive = new SessionDrive(stream, { stdout: io.stdout, stderr: io.stderr, pass: (chunk, to) => (to === "stdout" ? output.push(chunk) : shown(chunk)) });
  const end = (): void => void connection.client.endSession({ session }).catch(() => undefined);
  let signals = 0;
  const release = context.onSignal(() => {
    signals += 1;
    if (signals === 1) end();
    else drive.leave();
  });
  io.stdout.once("error", end);
  const given = io.stdinKind() !== "nothing";
  try {
    drive.sendStdin(input);
    if (given) io.stdin().pipe(input);
    else input.end();
    const ended = await drive.end;
    io.stdout.write(output.end());
    return await codeOf(context, session, ended);
  } finally {
    release();
    io.stdout.off("error", end);
    if (given) io.stdin().unpipe(input).destroy();
    input.destroy();
  }
}

/** Without a daemon the streams are lost, and the agent is ended. */
async function codeOf({ daemon }: Context, session: SessionId, end: SessionEnd): Promise<number> {
  if (end.kind === "exit") return end.code;
  if (end.kind === "problem") throw end.error;
  if (end.kind === "left") return EXIT.interrupted;
  const { client } = await daemon.connect();
  await client.endSession({ session });
  throw new AppError("DAEMON_UNREACHABLE", { message: "The daemon went away, and with it the streams of the agent, which was ended", fix: "Start the agent again. The daemon's log: sbx daemon logs" });
}
