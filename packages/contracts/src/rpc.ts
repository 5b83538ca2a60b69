import * as z from "zod";
import { api, type Client, type Handlers } from "./api.ts";
import { AppError } from "./app-error.ts";
import { fillPath, matchPath, type Method, type Route } from "./route.ts";

/** One call as it goes over the wire, before the daemon has parsed anything of it. */
export interface Call {
  readonly method: Method;
  /** Path and query, encoded. */
  readonly target: string;
  /** JSON value, or undefined for none. */
  readonly body: unknown;
}
/** The answer to a {@link Call}: HTTP status, and the JSON body, which is a Problem when the status is 400 or more. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}
/** Carries one call: over the unix socket in production, straight to the dispatcher in tests. */
export type Send = (call: Call, signal: AbortSignal) => Promise<Reply>;

/** The API as typed functions. Each rejects with the AppError that the daemon answered. */
export function createClient(send: Send): Client {
  const call = async (name: keyof typeof api, input: Record<string, unknown>, signal: AbortSignal): Promise<unknown> => {
    const { method, path: template, response } = api[name];
    const { path, rest } = fillPath(template, input);
    const inQuery = method === "GET" || method === "DELETE";
    const reply = await send({ method, target: inQuery ? path + queryOf(rest) : path, body: inQuery ? undefined : rest }, signal);
    if (reply.status >= 400) throw AppError.fromJSON(reply.body);
    return response.parse(reply.body);
  };
  const names = Object.keys(api) as (keyof typeof api)[];
  // The table's own types say what each function takes and gives; a mapped object cannot be built without this cast.
  return Object.fromEntries(names.map((name) => [name, (input: Record<string, unknown>, signal = new AbortController().signal) => call(name, input, signal)])) as unknown as Client;
}

function queryOf(fields: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) query.set(key, typeof value === "string" ? value : JSON.stringify(value));
  return query.size === 0 ? "" : `?${query.toString()}`;
}

/** Serve the table: find the route, check the input, call the handler, check the answer. Never rejects. */
export function createDispatcher(handlers: Handlers, onBug: (error: unknown) => void): Send {
  return async (call, signal) => {
    try {
      return { status: 200, body: await dispatch(handlers, call, signal) };
    } catch (error) {
      const problem = AppError.is(error) ? error : internal(error, onBug);
      return { status: problem.status, body: problem.toJSON() };
    }
  };
}

async function dispatch(handlers: Handlers, call: Call, signal: AbortSignal): Promise<unknown> {
  const url = new URL(call.target, "http://daemon");
  for (const [name, route] of Object.entries(api) as [keyof typeof api, Route][]) {
    const params = route.method === call.method ? matchPath(route.path, url.pathname) : undefined;
    if (params === undefined) continue;
    const input = route.request.safeParse({ ...inputOf(call, url), ...params });
    if (!input.success) throw new AppError("CONFIG_INVALID", { message: z.prettifyError(input.error), fix: "Correct the fields named above." });
    // The schema that made `input.data` is the one from which the handler's type is inferred.
    const handler = handlers[name] as (input: unknown, signal: AbortSignal) => Promise<unknown>;
    return route.response.parse(await handler(input.data, signal));
  }
  throw new AppError("ROUTE_UNKNOWN", { message: `The daemon has no route ${call.method} ${url.pathname}`, fix: "Bring CLI and daemon to the same version with: sbx daemon stop" });
}

function inputOf(call: Call, url: URL): Record<string, unknown> {
  if (call.method === "GET" || call.method === "DELETE") return Object.fromEntries(url.searchParams);
  if (call.body === undefined) return {};
  if (typeof call.body === "object" && call.body !== null && !Array.isArray(call.body)) return { ...call.body };
  throw new AppError("CONFIG_INVALID", { message: "The body of the request is not a JSON object", fix: "Send one JSON object." });
}

function internal(error: unknown, onBug: (error: unknown) => void): AppError {
  onBug(error);
  return new AppError("INTERNAL", { message: error instanceof Error ? error.message : String(error), fix: "Look into the daemon's log with: sbx daemon logs", cause: error });
}
