import * as z from "zod";
import { Event } from "./event.ts";
import { SandboxRef } from "./ids.ts";
import { route } from "./route.ts";

/** The route of what happened before. What happens from now on is a stream. */
export const eventApi = {
  /** Past events, newest last. */
  listEvents: route({
    method: "GET",
    path: "/v1/events/list",
    request: z.strictObject({ sandbox: SandboxRef.optional(), after: z.coerce.number().int().default(0), limit: z.coerce.number().int().min(1).max(10_000).default(200) }),
    response: z.array(Event),
  }),
} as const;
