import { randomUUID } from "node:crypto";
import { AppError, type Client, type Sandbox } from "@sbx/contracts";
import type { Connection, Context } from "../context.ts";
import { ProgressView } from "./progress-view.ts";

export type CreateInput = Parameters<Client["createSandbox"]>[0];

/** Find or make the sandbox and show how it goes. Ctrl-C gives the work up: the daemon takes away what was half made. */
export async function createWithProgress(
  context: Context,
  connection: Connection,
  { input, quiet }: { readonly input: CreateInput; readonly quiet: boolean },
): Promise<{ readonly sandbox: Sandbox; readonly joined: boolean }> {
  const operation = randomUUID();
  const interrupted = new AbortController();
  const done = new AbortController();
  const release = context.onSignal((name) => {
    interrupted.abort(new AppError("INTERRUPTED", { message: `Interrupted by ${name}`, fix: "Run the command again." }));
  });
  using view = new ProgressView(context);
  try {
    if (!quiet) await showProgress(connection, { view, operation, signal: done.signal });
    return await connection.client.createSandbox({ ...input, operation }, interrupted.signal);
  } finally {
    done.abort();
    release();
  }
}

async function showProgress({ events }: Connection, { view, operation, signal }: { readonly view: ProgressView; readonly operation: string; readonly signal: AbortSignal }): Promise<void> {
  const stream = await events({}, signal);
  const read = async (): Promise<void> => {
    for await (const event of stream) if (event.type === "sandbox.progress" && event.fields["operation"] === operation) view.take(event);
  };
  // Progress is a courtesy: when its stream breaks, the call itself says what is wrong.
  void read().catch(() => undefined);
}
