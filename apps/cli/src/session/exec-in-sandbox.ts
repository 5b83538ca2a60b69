import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { readEnvFiles } from "../run/env-file.ts";
import { sessionEnvironment } from "../run/session-environment.ts";
import { followSession } from "./follow-session.ts";
import { sessionMode, terminalOf } from "./session-mode.ts";

export interface ExecOptions {
  readonly interactive?: true | undefined;
  readonly terminal?: boolean | undefined;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly workdir?: string | undefined;
  readonly user?: string | undefined;
  readonly detach?: true | undefined;
  readonly deadline?: number | undefined;
  readonly detachKeys: Uint8Array;
  readonly clipboard?: true | undefined;
}

/** `sbx exec`: a session with a command of the person's. Without a terminal, stdin goes in only when asked for: a loop around us may need it. */
export async function execInSandbox(context: Context, sandbox: string, { command, options }: { readonly command: readonly string[]; readonly options: ExecOptions }): Promise<number> {
  const env = sessionEnvironment([...(await readEnvFiles(options.envFile, context)), ...options.env], context.env);
  const connection = await context.daemon.connect();
  const mode = options.detach === true ? "terminal" : sessionMode(context.io, options.terminal);
  const stdin = mode === "streams" && options.interactive === true;
  const session = await connection.client.openSession({
    sandbox,
    kind: "exec",
    mode,
    args: [...command],
    env,
    stdin,
    ...(mode === "terminal" ? { terminal: terminalOf(context.io, context.env) } : {}),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.workdir === undefined ? {} : { workdir: options.workdir }),
    ...(options.deadline === undefined ? {} : { deadlineMs: options.deadline }),
  });
  if (options.detach === true) {
    context.io.out(`${session.id}\n`);
    return EXIT.done;
  }
  return await followSession(context, connection, { session: session.id, mode, stdin, detachKeys: options.detachKeys, clipboard: options.clipboard === true, sandboxName: sandbox });
}
