import { AppError } from "@sbx/contracts/app-error";
import { SessionId } from "@sbx/contracts/ids";
import { cleanLines } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { findSandbox } from "../find-sandbox.ts";

/** The output as it was, colours and all, into a pipe; on a terminal without what could drive it. */
export async function readSessionLog(context: Context, ref: string | undefined): Promise<string> {
  const { client } = await context.daemon.connect();
  const named = SessionId.safeParse(ref);
  const session = named.success ? named.data : await newest();
  const { text } = await client.sessionLogs({ session });
  return context.io.isTerminal.stdout ? cleanLines(text) : text;

  async function newest(): Promise<SessionId> {
    const sandbox = await findSandbox(client, ref, context);
    const last = sandbox.sessions.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)).at(-1);
    if (last === undefined) throw new AppError("SESSION_NOT_FOUND", { message: `"${sandbox.name}" has had no session`, fix: `Open one with: sbx exec ${sandbox.name} bash` });
    return last.id;
  }
}
