import type { Event } from "@sbx/contracts";
import { cleanText, escapeHidden } from "./clean-text.ts";
import type { Context } from "./context.ts";

const RECONNECT_PAUSE_MS = 200;

export interface EventOptions {
  readonly follow?: true | undefined;
  readonly sandbox?: string | undefined;
  /** Milliseconds back from now. */
  readonly since?: number | undefined;
  readonly json?: true | undefined;
}

/** Print past events and, when asked, those that come. */
export async function showEvents(context: Context, { follow, sandbox, since, json }: EventOptions): Promise<void> {
  const { client } = await context.daemon.connect();
  const from = since === undefined ? "" : new Date(Date.now() - since).toISOString();
  // What the daemon tells about its progress is for the one who waits for it.
  const print = (event: Event): void => {
    if (json === true || (event.type !== "sandbox.progress" && event.type !== "server.progress")) context.io.out(`${json === true ? escapeHidden(JSON.stringify(event)) : eventLine(event)}\n`);
  };
  const past = await client.listEvents({ sandbox, limit: since === undefined ? 200 : 10_000 });
  for (const event of past) if (event.at >= from) print(event);
  if (past.length === 0 && json !== true) context.io.err("Nothing has happened yet. Follow what will with: sbx events -f\n");
  if (follow !== true) return;
  const id = sandbox === undefined ? undefined : (await client.inspectSandbox({ sandbox })).id;
  await followEvents(context, { print, after: past.at(-1)?.id ?? 0, ...(id === undefined ? {} : { sandbox: id }) });
}

/** Print what comes until the process is ended; after a restart of the daemon it goes on with the next id. */
async function followEvents(context: Context, { print, after, sandbox }: { readonly print: (event: Event) => void; readonly after: number; readonly sandbox?: string }): Promise<never> {
  let last = after;
  for (;;) {
    const connection = await context.daemon.connect();
    const stream = await connection.events({ after: last, ...(sandbox === undefined ? {} : { sandbox }) }, new AbortController().signal);
    last = await printAll(stream, { print, last });
    await context.sleep(RECONNECT_PAUSE_MS);
  }
}

/** The id of the last event that came before the stream ended or broke. */
async function printAll(stream: AsyncIterable<Event>, { print, last }: { readonly print: (event: Event) => void; readonly last: number }): Promise<number> {
  let seen = last;
  try {
    for await (const event of stream) {
      seen = event.id;
      print(event);
    }
  } catch {
    // The daemon went away in the middle of an event, which comes again with the next stream.
  }
  return seen;
}

/** One line: time, what, where, and the fields as `key=value`. */
export function eventLine({ at, type, sandbox, fields }: Event): string {
  const pairs = Object.entries(fields).map(([key, value]) => {
    const text = cleanText(String(value));
    return `${key}=${/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)}`;
  });
  return [at, type.padEnd(16), sandbox ?? "-", ...pairs].join(" ");
}
