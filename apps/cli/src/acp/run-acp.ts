import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { createInput, type CreateOptions } from "../run/create-input.ts";
import { createWithProgress, type CreateInput } from "../run/create-with-progress.ts";
import { readEnvFiles } from "../run/env-file.ts";
import { finish } from "../run/run-agent.ts";
import { noticeLines } from "../run/run-report.ts";
import { sessionEnvironment } from "../run/session-environment.ts";
import { attachEditor } from "./attach-editor.ts";

export interface AcpOptions extends CreateOptions {
  readonly agentName?: string | undefined;
  readonly quiet?: true | undefined;
}

/** `sbx acp`: find or make the sandbox, start its agent for an editor, and give its exit code. On stdout are the agent's messages alone. */
export async function runAcp(context: Context, agent: string, { path, options }: { readonly path?: string | undefined; readonly options: AcpOptions }): Promise<number> {
  const { io } = context;
  const env = sessionEnvironment([...(await readEnvFiles(options.envFile, context)), ...options.env], context.env);
  const input = await createInput(context, agent, { options: { ...options, env: [], envFile: [] }, ...(path === undefined ? {} : { path }) });
  const connection = await context.daemon.connect();
  const { client } = connection;
  await checkKits(client, input);
  const before = (await client.listEvents({ limit: 1 })).at(-1)?.id ?? 0;
  const { sandbox } = await createWithProgress(context, connection, { input, quiet: options.quiet === true });
  if (options.quiet !== true) for (const line of noticeLines(sandbox)) io.err(`${line}\n`);
  const acp = options.agentName === undefined ? {} : { agent: options.agentName };
  const session = await client.openSession({ sandbox: sandbox.id, kind: "agent", mode: "streams", args: [], env, stdin: true, acp });
  const code = await attachEditor(context, connection, session.id);
  await finish(context, { sandbox, session, before, options: { quiet: options.quiet } });
  return code;
}

/** Before a sandbox is made: whether its Kits start any agent so. What waits for the sandbox's variables is not known yet. */
async function checkKits(client: Client, { agent, kits = [], args = {} }: CreateInput): Promise<void> {
  const { name, acp, skipped } = await client.composeAgent({ agent, kits, args });
  if (acp.length > 0 || skipped.some((line) => line.includes("/acp@1 "))) return;
  const able = (await client.listAgents({})).filter((one) => one.acp.length > 0).map((one) => cleanText(one.name));
  throw new AppError("ACP_UNAVAILABLE", {
    message: `No Kit says how "${cleanText(name)}" is started for the Agent Client Protocol (acp@1); of your agents ${able.length === 0 ? "none has such a Kit" : `these have one: ${able.join(", ")}`}`,
    fix: `Add a Kit that says it: sbx acp --kit KIT ${cleanText(name)}`,
  });
}
