import * as z from "zod";
import { api, type Handlers } from "./api.ts";
import { AppError } from "./app-error.ts";
import type { Call, Send } from "./call.ts";
import { matchPath, type Route } from "./route.ts";

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
