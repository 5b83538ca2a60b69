import type { Connection, Context } from "../context.ts";
import { ProgressView } from "../run/progress-view.ts";

/** Show how servers are fetched while something waits for them, on stderr. */
export async function withServerProgress<T>(context: Context, { events }: Pick<Connection, "events">, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  using view = new ProgressView(context);
  try {
    const stream = await events({}, done.signal);
    const read = async (): Promise<void> => {
      for await (const event of stream) if (event.type === "server.progress") view.take(event);
    };
    // Progress is a courtesy: when its stream breaks, the call itself says what is wrong.
    void read().catch(() => undefined);
    return await work();
  } finally {
    done.abort();
  }
}
