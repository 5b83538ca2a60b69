import * as z from "zod";
import { Done, Nothing } from "./plain-shapes.ts";
import { route } from "./route.ts";
import { CreateSandbox, CredentialView, KitView } from "./sandbox.ts";

/** One agent as `sbx agents` lists it: where its Kit lies, what it needs, and whether its image is built. */
export const AgentView = z.object({
  name: z.string(),
  displayName: z.string(),
  description: z.string(),
  /** Where its Kit lies: `built-in`, or a directory. */
  source: z.string(),
  version: z.string().optional(),
  /** Model service it speaks to, if any. */
  service: z.string().optional(),
  /** The user of its image that its programs run as, where it asks for one of its own. */
  account: z.string().optional(),
  /** Destinations its profile allows, with methods and paths where it means single requests. */
  allow: z.array(z.string()),
  /** Destinations that its install hooks reach, while a sandbox is made. */
  installAllow: z.array(z.string()).default([]),
  /** Whether some of its install hooks run as root, in a container of their own. */
  installsAsRoot: z.boolean().default(false),
  /** Whether some of its startup hooks run as root, in a container that ends before each start. */
  startsAsRoot: z.boolean().default(false),
  /** Where it looks for skills; the person's are shown there. */
  skills: z.array(z.string()).default([]),
  /** Paths at which its Kits share a directory among their sandboxes, where the person allows it. */
  shares: z.array(z.string()).default([]),
  /** Secrets that its Kits want put on requests to hosts. */
  credentials: z.array(CredentialView).default([]),
  /** Names of the agents that its Kits start for the Agent Client Protocol. */
  acp: z.array(z.string()).default([]),
  /** What its Kits may have the person's SSH agent sign, where the person gives it. */
  ssh: z.array(z.string()).default([]),
  /** Command that runs in a terminal, and without one. */
  interactive: z.array(z.string()),
  headless: z.array(z.string()),
  /** Optional capabilities that this version leaves out. */
  skipped: z.array(z.string()),
  /** A mixin is put over an agent and has no program. */
  kind: z.enum(["workload", "mixin"]).default("workload"),
  /** All Kits that it is made of, the workload first. */
  kits: z.array(KitView).default([]),
  /** Whether its image is there already. */
  built: z.boolean(),
  /** Why its Kit cannot be used; then the rest is empty. */
  problem: z.string().optional(),
});
export type AgentView = z.infer<typeof AgentView>;

/** A part of the daemon: `degraded` works, but not all of it; `failed` does not. Everything that is not `ok` says what to do. */
export const DaemonPart = z.object({ name: z.string(), state: z.enum(["ok", "degraded", "failed"]), detail: z.string(), fix: z.string().optional() });
export type DaemonPart = z.infer<typeof DaemonPart>;

/** Where a daemon runs that is a container beside its engine, because the engine cannot reach sockets of the caller's machine. */
export const DaemonBeside = z.strictObject({
  /** The engine as the caller's machine names it. */
  engine: z.string(),
  container: z.string(),
  /** The volume that holds its state. */
  volume: z.string(),
  /** Pid, on the caller's machine, of the process that passes connections to it. */
  pid: z.number().int(),
  /** The socket on the caller's machine. */
  socket: z.string(),
  /** Directories of the caller's machine that it sees at their own paths: workspaces lie in them. */
  shares: z.array(z.string()),
});
export type DaemonBeside = z.infer<typeof DaemonBeside>;

/** How the daemon stands, and the container engine that it reaches or why it reaches none. */
export const DaemonStatus = z.object({
  version: z.string(),
  pid: z.number().int(),
  startedAt: z.iso.datetime(),
  socket: z.string(),
  stateDirectory: z.string(),
  memoryBytes: z.number().int(),
  sandboxes: z.number().int(),
  engine: z.union([
    z.object({ reachable: z.literal(true), name: z.string(), version: z.string(), apiVersion: z.string(), endpoint: z.string() }),
    z.object({ reachable: z.literal(false), message: z.string(), fix: z.string() }),
  ]),
  /** How each of its parts does. */
  /** Nothing from a daemon that is older than its command line. */
  parts: z.array(DaemonPart).default([]),
  /** Only of a daemon that does not run on the caller's machine. */
  beside: DaemonBeside.optional(),
});
export type DaemonStatus = z.infer<typeof DaemonStatus>;

/** The routes of the daemon itself, and of the agents that it knows. */
export const daemonApi = {
  status: route({ method: "GET", path: "/v1/status", request: Nothing, response: DaemonStatus }),
  shutdown: route({ method: "POST", path: "/v1/shutdown", request: Nothing, response: Done }),

  listAgents: route({ method: "GET", path: "/v1/agents", request: Nothing, response: z.array(AgentView) }),
  showAgent: route({ method: "GET", path: "/v1/agents/{agent}", request: z.strictObject({ agent: z.string() }), response: AgentView }),

  /** What Kits together come to; makes nothing. Refused with `KIT_CONFLICT` where they do not go together. */
  composeAgent: route({
    method: "POST",
    path: "/v1/compositions",
    request: z.strictObject({ agent: CreateSandbox.shape.agent, kits: CreateSandbox.shape.kits, args: CreateSandbox.shape.args }),
    response: AgentView,
  }),
} as const;
