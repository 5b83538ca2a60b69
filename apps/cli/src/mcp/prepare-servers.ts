import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Connection, Context } from "../context.ts";
import { failureHint } from "./failure-hint.ts";
import { withServerProgress } from "./server-progress.ts";

interface Preparing {
  readonly profile: string;
  readonly servers: readonly string[];
}

/** Fetch and try servers one after the other, and show how it goes. What goes wrong with one is said, and ends nothing: it is tried again when it is used. */
export async function prepareServers(context: Context, connection: Connection, { profile, servers }: Preparing): Promise<void> {
  const interrupted = new AbortController();
  const release = context.onSignal((name) => {
    interrupted.abort(new AppError("INTERRUPTED", { message: `Interrupted by ${name}; what is enabled stays enabled`, fix: "See how far it is with: sbx mcp ls" }));
  });
  try {
    for (const server of servers)
      await withServerProgress(context, connection, async () => {
        await prepareOne(context, connection, { profile, server, signal: interrupted.signal });
      });
  } finally {
    release();
  }
}

interface One {
  readonly profile: string;
  readonly server: string;
  readonly signal: AbortSignal;
}

async function prepareOne({ io }: Context, { client }: Connection, { profile, server, signal }: One): Promise<void> {
  try {
    const { tools, failed } = await client.prepareServer({ profile, server }, signal);
    if (failed !== undefined) io.err(`sbx: ${server} does not start: ${cleanText(failed)}${failureHint(server, failed)}\n`);
    else if (tools !== undefined) io.err(`sbx: ${server} is ready: ${tools} tool${tools === 1 ? "" : "s"}\n`);
  } catch (error) {
    if (!AppError.is(error) || signal.aborted) throw error;
    io.err(`sbx: ${server} could not be prepared: ${cleanText(error.message)} (${cleanText(error.fix)})\n`);
  }
}
