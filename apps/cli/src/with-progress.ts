import { AppError } from "@sbx/contracts/app-error";
import type { Connection, Context } from "./context.ts";
import { ProgressView } from "./run/progress-view.ts";

/** Do work of the daemon that takes a while and show how it goes. Ctrl-C gives it up: the daemon takes away what was half made. */
export async function withProgress<T>(
  context: Context,
  { events }: Connection,
  { quiet, work }: { readonly quiet: boolean; readonly work: (operation: string, signal: AbortSignal) => Promise<T> },
): Promise<T> {
  // Nobody has to be unable to guess it, and what makes such names is slow to load.
  const operation = String(Math.random());
  const interrupted = new AbortController();
  const done = new AbortController();
  const release = context.onSignal((name) => {
    interrupted.abort(new AppError("INTERRUPTED", { message: `Interrupted by ${name}`, fix: "Run the command again." }));
  });
  using view = new ProgressView(context);
  const show = async (): Promise<void> => {
    const stream = await events({}, done.signal);
    const read = async (): Promise<void> => {
      for await (const event of stream) if (event.type === "sandbox.progress" && event.fields["operation"] === operation) view.take(event);
    };
    // Progress is a courtesy: when its stream breaks, the call itself says what is wrong.
    void read().catch(() => undefined);
  };
  try {
    if (!quiet) await show();
    return await work(operation, interrupted.signal);
  } finally {
    done.abort();
    release();
  }
}
