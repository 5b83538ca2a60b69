import type { Api, Client } from "./api.ts";
import { AppError } from "./app-error.ts";
import type { Send } from "./call.ts";
import { PLACES } from "./places.ts";
import { fillPath, type Route } from "./route.ts";

/** The API as typed functions. Each rejects with the AppError that the daemon answered. */
export function createClient(send: Send): Client {
  const call = async (name: keyof Api, input: Record<string, unknown>, signal: AbortSignal): Promise<unknown> => {
    const { method, path: template, response } = await rowOf(name);
    const { path, rest } = fillPath(template, input);
    const inQuery = method === "GET" || method === "DELETE";
    const reply = await send({ method, target: inQuery ? path + queryOf(rest) : path, body: inQuery ? undefined : rest }, signal);
    if (reply.status >= 400) throw AppError.fromJSON(reply.body);
    // Most callers read a few answers: to compile what reads them would take longer than it saves.
    return response.parse(reply.body, { jitless: true });
  };
  const names = Object.keys(PLACES) as (keyof Api)[];
  // The table's own types say what each function takes and gives; a mapped object cannot be built without this cast.
  return Object.fromEntries(names.map((name) => [name, (input: Record<string, unknown>, signal = new AbortController().signal) => call(name, input, signal)])) as unknown as Client;
}

async function rowOf(name: keyof Api): Promise<Route> {
  const rows: { readonly [K in keyof Api]?: Route } = await PLACES[name]();
  const row = rows[name];
  if (row === undefined) throw new Error(`the place of ${name} does not have it`);
  return row;
}

function queryOf(fields: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) query.set(key, typeof value === "string" ? value : JSON.stringify(value));
  return query.size === 0 ? "" : `?${query.toString()}`;
}
