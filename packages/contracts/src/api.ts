import type * as z from "zod";
import { daemonApi } from "./daemon-api.ts";
import { dockerApi } from "./docker-api.ts";
import { eventApi } from "./event-api.ts";
import { mcpApi } from "./mcp-api.ts";
import { policyApi } from "./policy-api.ts";
import { sandboxApi } from "./sandbox-api.ts";
import { secretApi } from "./secret-api.ts";
import { sessionApi } from "./session-api.ts";
import { templateApi } from "./template-api.ts";

/** The daemon's API, whole. Streams (events, attach) are in `STREAMS`. */
export const api = { ...daemonApi, ...sandboxApi, ...templateApi, ...sessionApi, ...policyApi, ...secretApi, ...eventApi, ...dockerApi, ...mcpApi } as const;
/** The type of {@link api}, from which clients and dispatchers derive their methods. */
export type Api = typeof api;

/** One function per route. A missing handler is a compile error in the daemon. */
export type Handlers = { readonly [K in keyof Api]: (input: z.output<Api[K]["request"]>, signal: AbortSignal) => Promise<z.input<Api[K]["response"]>> };
/** The same table seen from the caller: what goes in may omit defaults, what comes out is parsed. */
export type Client = { readonly [K in keyof Api]: (input: z.input<Api[K]["request"]>, signal?: AbortSignal) => Promise<z.output<Api[K]["response"]>> };
