import * as z from "zod";

/**
 * Every failure a caller can meet, with the HTTP status that carries it.
 *
 * `retryable` says that the same call may succeed later without any change by the caller; `means` is the sentence of
 * docs/errors.md, which is written from this table.
 */
export const PROBLEMS = {
  ACP_UNAVAILABLE: { status: 422, retryable: false, means: "None of a sandbox's Kits says how this agent is started for the Agent Client Protocol." },
  AGENT_UNKNOWN: { status: 404, retryable: false, means: "No agent has this name, or no Kit lies in this directory." },
  ARCHIVE_REFUSED: { status: 422, retryable: false, means: "A tar stream has what is never written to this machine: a way out of its directory, or more than its limits." },
  BUILD_FAILED: { status: 500, retryable: false, means: "An image could not be made; the last lines of the build are in `details.output`." },
  CATALOG_INVALID: { status: 422, retryable: false, means: "A catalog, or an entry of one, breaks its format at the place that the message names." },
  CATALOG_UNKNOWN: { status: 404, retryable: false, means: "There is no catalog of this name." },
  CONFIG_INVALID: { status: 422, retryable: false, means: "A setting, a destination or a body breaks its schema." },
  CREDENTIAL_MISSING: { status: 409, retryable: false, means: "The agent's model provider was asked for, and there is no key for it." },
  DAEMON_BUSY: { status: 503, retryable: true, means: "The daemon did not end in time, or another one is just starting." },
  DAEMON_UNREACHABLE: { status: 503, retryable: true, means: "The daemon did not start, went away, or something else answers on its socket." },
  DEADLINE_EXCEEDED: { status: 408, retryable: false, means: "Something took longer than it was given." },
  EGRESS_DENIED: { status: 403, retryable: false, means: "No rule lets a sandbox reach this destination, or one forbids it." },
  ENGINE_ELSEWHERE: { status: 501, retryable: false, means: "The container engine runs where this machine's files, or the workspace, are not: on another machine, or in a virtual one." },
  ENGINE_FAILED: { status: 502, retryable: false, means: "The container engine answered, and refused or failed." },
  ENGINE_UNREACHABLE: { status: 503, retryable: true, means: "No container engine answered at any of the places looked at." },
  HOOK_FAILED: { status: 422, retryable: false, means: "A command of a Kit's lifecycle ended with an error." },
  IMAGE_UNAVAILABLE: { status: 503, retryable: true, means: "An image is neither here nor to be had." },
  INTERNAL: { status: 500, retryable: false, means: "A bug of ours; the daemon's log has its stack." },
  INTERRUPTED: { status: 499, retryable: true, means: "Somebody stopped the call, or the terminal was dropped; a session goes on." },
  KIT_CONFLICT: { status: 422, retryable: false, means: "Kits do not go together: what one needs is missing, two give the same, or they disagree." },
  KIT_INVALID: { status: 422, retryable: false, means: "An agent's Kit breaks the format, at the place that the message names." },
  KIT_UNSUPPORTED: { status: 422, retryable: false, means: "An agent's Kit is right and requires what this version does not carry out." },
  NAME_TAKEN: { status: 409, retryable: false, means: "A sandbox of this name exists, for another workspace or agent." },
  ORGANISATION_DENIED: { status: 403, retryable: false, means: "Whoever administers this machine forbids it in /etc/sbx/policy.json." },
  PACKAGE_UNKNOWN: { status: 404, retryable: false, means: "The distribution of a sandbox's image has no package of this name." },
  PATH_NOT_FOUND: { status: 404, retryable: false, means: "Nothing lies at this path, in the sandbox or on this machine." },
  PATH_REFUSED: { status: 422, retryable: false, means: "A path leads through a link, or what lies there is not what is needed." },
  PLATFORM_UNSUPPORTED: { status: 501, retryable: false, means: "This machine or its kernel lacks something that cannot be done without." },
  POD_FAILED: { status: 502, retryable: true, means: "The gate did not hand over the pod's listeners, or what it handed over was refused." },
  PORT_TAKEN: { status: 409, retryable: false, means: "A port of this machine that was asked for is in use." },
  PORT_UNKNOWN: { status: 404, retryable: false, means: "The sandbox has no published port of this number." },
  PROFILE_UNKNOWN: { status: 404, retryable: false, means: "There is no profile of servers with this id." },
  REGISTRY_FAILED: { status: 502, retryable: true, means: "A registry did not answer, refused, or gave what it did not announce." },
  ROUTE_UNKNOWN: { status: 404, retryable: false, means: "Command line and daemon are of different versions." },
  RULE_UNKNOWN: { status: 404, retryable: false, means: "No rule has this id." },
  SANDBOX_BUSY: { status: 409, retryable: true, means: "A session runs in the sandbox, or what was asked cannot be changed while it exists." },
  SANDBOX_NOT_FOUND: { status: 404, retryable: false, means: "No sandbox has this name, id or directory." },
  SECRET_MISSING: { status: 409, retryable: false, means: "A server needs a secret that is not in the vault, or that is not bound to it." },
  SECRET_UNKNOWN: { status: 404, retryable: false, means: "The vault has no secret of this name." },
  SERVER_DENIED: { status: 403, retryable: false, means: "Policy does not let this server be found, added or run here." },
  SERVER_FAILED: { status: 502, retryable: true, means: "An MCP server did not start, answer in time or speak the protocol." },
  SERVER_UNKNOWN: { status: 404, retryable: false, means: "No catalog has a server of this name, or it has not been added." },
  SESSION_NOT_FOUND: { status: 404, retryable: false, means: "There is no such session, or it has ended." },
  STATE_NEWER: { status: 409, retryable: false, means: "What is kept was written by a newer version of sbx; nothing was changed." },
  TEMPLATE_UNKNOWN: { status: 404, retryable: false, means: "There is no template of this name." },
  TOOL_UNKNOWN: { status: 404, retryable: false, means: "No enabled server offers a tool of this name." },
  USAGE: { status: 400, retryable: false, means: "The command line is wrong." },
  VAULT_LOCKED: { status: 503, retryable: false, means: "The vault cannot be opened or written: its key is gone, what is stored was changed, or its disk is full." },
  WORKSPACE_INVALID: { status: 422, retryable: false, means: "The workspace is missing, no directory, or a place that is never handed to a sandbox." },
  WORKSPACE_UNSAFE: { status: 409, retryable: false, means: "Something in or around the workspace kept it from being mounted safely." },
} as const satisfies Record<string, { status: number; retryable: boolean; means: string }>;

/** Code of an expected failure, a key of {@link PROBLEMS}; once published it keeps its meaning. */
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
