import type { Sandbox, Session } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { findSandbox } from "../find-sandbox.ts";
import { followSession } from "./follow-session.ts";

/** `sbx attach`: join the newest terminal session that runs, or the one that is named. */
export async function attachToSandbox(
  context: Context,
  ref: string | undefined,
  { session: wanted, detachKeys, clipboard }: { readonly session?: string; readonly detachKeys: Uint8Array; readonly clipboard: boolean },
): Promise<number> {
  const connection = await context.daemon.connect();
  const sandbox = await findSandbox(connection.client, ref, context);
  const session = chooseSession(sandbox, wanted);
  return await followSession(context, connection, { session: session.id, mode: session.mode, stdin: false, detachKeys, clipboard, sandboxName: sandbox.name });
}

function chooseSession({ name, agent, sessions }: Sandbox, wanted: string | undefined): Session {
  const running = sessions.filter(({ state }) => state.phase === "running");
  const found = wanted === undefined ? (running.findLast(({ mode }) => mode === "terminal") ?? running.at(-1)) : running.find(({ id }) => id === wanted);
  if (found !== undefined) return found;
  const which = wanted === undefined ? "no running session" : `no running session "${wanted}"`;
  throw new AppError("SESSION_NOT_FOUND", { message: `"${name}" has ${which}`, fix: `Start one with: sbx run ${agent}; or run a command with: sbx exec ${name} bash` });
}
