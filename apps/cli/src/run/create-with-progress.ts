import type { Client, Sandbox } from "@sbx/contracts";
import type { Connection, Context } from "../context.ts";
import { withProgress } from "../with-progress.ts";

export type CreateInput = Parameters<Client["createSandbox"]>[0];

/** Find or make the sandbox and show how it goes. Ctrl-C gives the work up: the daemon takes away what was half made. */
export async function createWithProgress(
  context: Context,
  connection: Connection,
  { input, quiet }: { readonly input: CreateInput; readonly quiet: boolean },
): Promise<{ readonly sandbox: Sandbox; readonly joined: boolean }> {
  return await withProgress(context, connection, { quiet, work: (operation, signal) => connection.client.createSandbox({ ...input, operation }, signal) });
}
