import * as z from "zod";

/**
 * Every failure a caller can meet, with the HTTP status that carries it.
 *
 * `retryable` says that the same call may succeed later without any change by the caller.
 */
export const PROBLEMS = {
  AGENT_UNKNOWN: { status: 404, retryable: false },
  BUILD_FAILED: { status: 500, retryable: false },
  CONFIG_INVALID: { status: 422, retryable: false },
  CREDENTIAL_MISSING: { status: 409, retryable: false },
  DAEMON_BUSY: { status: 503, retryable: true },
  DAEMON_UNREACHABLE: { status: 503, retryable: true },
  DEADLINE_EXCEEDED: { status: 408, retryable: false },
  EGRESS_DENIED: { status: 403, retryable: false },
  ENGINE_FAILED: { status: 502, retryable: false },
  ENGINE_UNREACHABLE: { status: 503, retryable: true },
  IMAGE_UNAVAILABLE: { status: 503, retryable: true },
  INTERNAL: { status: 500, retryable: false },
  INTERRUPTED: { status: 499, retryable: true },
  KIT_INVALID: { status: 422, retryable: false },
  KIT_UNSUPPORTED: { status: 422, retryable: false },
  NAME_TAKEN: { status: 409, retryable: false },
  PLATFORM_UNSUPPORTED: { status: 501, retryable: false },
  POD_FAILED: { status: 502, retryable: true },
  ROUTE_UNKNOWN: { status: 404, retryable: false },
  RULE_UNKNOWN: { status: 404, retryable: false },
  SANDBOX_BUSY: { status: 409, retryable: true },
  SANDBOX_NOT_FOUND: { status: 404, retryable: false },
  SESSION_NOT_FOUND: { status: 404, retryable: false },
  USAGE: { status: 400, retryable: false },
  WORKSPACE_INVALID: { status: 422, retryable: false },
  WORKSPACE_UNSAFE: { status: 409, retryable: false },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The JSON form of an error, the same in a daemon reply, an event and `--json` output. */
export const Problem = z.object({
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  message: z.string().min(1),
  /** What the reader can do next, as an instruction. */
  fix: z.string().min(1),
  details: z.record(z.string(), z.json()).default({}),
});
export type Problem = z.infer<typeof Problem>;
