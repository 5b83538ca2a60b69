import type { Event } from "@sbx/contracts";
import { cleanText } from "./clean-text.ts";
import type { Context } from "./context.ts";

export interface EventOptions {
  readonly follow?: true | undefined;
  readonly sandbox?: string | undefined;
  /** Milliseconds back from now. */
  readonly since?: number | undefined;
  readonly json?: true | undefined;
}

/** Print past events and, when asked, those that come; the stream is resumed over a restart of the daemon. */
export async function showEvents(context: Context, { follow, sandbox, since, json }: EventOptions): Promise<void> {
  const { client } = await context.daemon.connect();
  const from = since === undefined ? "" : new Date(Date.now() - since).toISOString();
  const id = sandbox === undefined ? undefined : (await client.inspectSandbox({ sandbox })).id;
  const print = (event: Event): void => { context.io.out(`${json === true ? JSON.stringify(event) : eventLine(event)}\n`); };
  const past = await client.listEvents({ sandbox, limit: since === undefined ? 200 : 10_000 });
  // What the daemon tells about its progress is for the one who waits for it.
  for (const event of past) if (event.at >= from && (json === true || event.type !== "sandbox.progress")) print(event);
  if (past.length === 0 && follow !== true && json !== true) context.io.err("Nothing has happened. Follow what will with: sbx events -f\n");
  let after = past.at(-1)?.id ?? 0;
  while (follow === true) {
    const connection = await context.daemon.connect();
    const stream = await connection.events({ after, ...(id === undefined ? {} : { sandbox: id }) }, new AbortController().signal);
    try {
      for await (const event of stream) {
        after = event.id;
        if (json === true || event.type !== "sandbox.progress") print(event);
      }
    } catch {
      // The daemon went away in the middle; the next round finds or starts one and resumes after the last id.
    }
    await context.sleep(200);
  }
}

/** One line: time, what, where, and the fields as `key=value`. */
export function eventLine({ at, type, sandbox, fields }: Event): string {
  const pairs = Object.entries(fields).map(([key, value]) => {
    const text = cleanText(String(value));
    return `${key}=${/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)}`;
  });
  return [at, type.padEnd(16), sandbox ?? "-", ...pairs].join(" ");
}
