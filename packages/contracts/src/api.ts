import * as z from "zod";
import { dockerApi } from "./docker-api.ts";
import { Event } from "./event.ts";
import { SandboxName, SandboxRef, SessionId } from "./ids.ts";
import { mcpApi } from "./mcp-api.ts";
import { Decision, Destination, DestinationPattern, Rule, RuleEffect } from "./policy.ts";
import { route } from "./route.ts";
import { LoopbackAddress, PublishedPortView, PublishPort } from "./port.ts";
import { OfPath, PathView } from "./sandbox-path.ts";
import { CreateSandbox, KitView, OpenSession, Sandbox, Session, SharedDirectory, WorkspaceReport } from "./sandbox.ts";
import { SandboxStats } from "./stats.ts";
import { SecretBinding, SecretName, SecretView, SetSecret, VaultStatus } from "./secret.ts";
import { ServerName } from "./server.ts";
import { HomePath, PackageName, TemplateName, TemplateView } from "./template.ts";

const Nothing = z.strictObject({});
const Done = z.object({ done: z.literal(true) });
const OfSandbox = z.strictObject({ sandbox: SandboxRef });
const OfSecret = z.strictObject({ name: SecretName });
const OfSecretAndServer = z.strictObject({ name: SecretName, server: ServerName });

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
  /** Destinations its profile allows. */
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
});
export type DaemonStatus = z.infer<typeof DaemonStatus>;

/** The daemon's API, whole. Streams (events, attach) are in {@link STREAMS}. */
export const api = {
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

  /**
   * Find or make the sandbox and start it. Progress goes to the event stream as `sandbox.progress` with `operation`.
   * With `fresh` one is made in any case; `NAME_TAKEN` when there is one of this name.
   */
  createSandbox: route({
    method: "POST",
    path: "/v1/sandboxes",
    request: z.strictObject({ ...CreateSandbox.shape, operation: z.string().max(64).optional(), fresh: z.boolean().default(false) }),
    response: z.object({ sandbox: Sandbox, joined: z.boolean() }),
  }),
  listSandboxes: route({ method: "GET", path: "/v1/sandboxes", request: Nothing, response: z.array(Sandbox) }),
  /** Of one sandbox, or of all; with `limits` also how often those were met. */
  sandboxStats: route({ method: "GET", path: "/v1/stats", request: z.strictObject({ sandbox: SandboxRef.optional(), limits: z.stringbool().optional() }), response: z.array(SandboxStats) }),
  inspectSandbox: route({ method: "GET", path: "/v1/sandboxes/{sandbox}", request: OfSandbox, response: Sandbox }),
  startSandbox: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/start", request: OfSandbox, response: Sandbox }),
  stopSandbox: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/stop", request: OfSandbox, response: Sandbox }),
  /** Refused with `NAME_TAKEN` where another has it. What runs goes on. */
  renameSandbox: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/rename", request: z.strictObject({ sandbox: SandboxRef, name: SandboxName }), response: Sandbox }),
  /** Refused with `SANDBOX_BUSY` while a session runs, unless `force`. */
  removeSandbox: route({ method: "DELETE", path: "/v1/sandboxes/{sandbox}", request: z.strictObject({ sandbox: SandboxRef, force: z.stringbool().default(false) }), response: Done }),
  /** What lies at a path; starts the sandbox. */
  inspectPath: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/path", request: OfPath, response: PathView }),
  listPorts: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/ports", request: OfSandbox, response: z.array(PublishedPortView) }),
  /** Until it is taken back or the sandbox stops. Refused with `PORT_TAKEN` where another has it. */
  publishPort: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/ports", request: z.strictObject({ sandbox: SandboxRef, ...PublishPort.shape }), response: PublishedPortView }),
  unpublishPort: route({
    method: "DELETE",
    path: "/v1/sandboxes/{sandbox}/ports/{hostPort}",
    request: z.strictObject({ sandbox: SandboxRef, hostPort: z.coerce.number().int().min(1).max(65_535), hostIp: LoopbackAddress.default("127.0.0.1") }),
    response: Done,
  }),
  /**
   * Put packages of the system into the sandbox's image. One in which no session runs is started anew with them; otherwise
   * they are `pending` until its next start. Rejects with `PACKAGE_UNKNOWN`, `BUILD_FAILED`.
   */
  installPackages: route({
    method: "POST",
    path: "/v1/sandboxes/{sandbox}/packages",
    request: z.strictObject({ sandbox: SandboxRef, packages: z.array(PackageName).min(1).max(100), operation: z.string().max(64).optional() }),
    response: z.object({ sandbox: Sandbox, pending: z.boolean() }),
  }),
  /** Save what a sandbox is made of, and the paths of its home that are named. Refused with `NAME_TAKEN` unless `replace`. */
  saveTemplate: route({
    method: "POST",
    path: "/v1/templates",
    request: z.strictObject({ sandbox: SandboxRef, name: TemplateName, home: z.array(HomePath).max(100).default([]), replace: z.boolean().default(false), operation: z.string().max(64).optional() }),
    response: TemplateView,
  }),
  listTemplates: route({ method: "GET", path: "/v1/templates", request: Nothing, response: z.array(TemplateView) }),
  /** Refused with `SANDBOX_BUSY` while a sandbox is made of it. */
  removeTemplate: route({ method: "DELETE", path: "/v1/templates/{template}", request: z.strictObject({ template: TemplateName }), response: Done }),
  /** Remove images of sbx that no sandbox and no template needs; those of agents only where they are older than `olderThanMs`. Gives their names. */
  pruneImages: route({
    method: "POST",
    path: "/v1/images/prune",
    request: z.strictObject({ olderThanMs: z.number().int().min(0).optional(), dryRun: z.boolean().default(false) }),
    response: z.object({ images: z.array(z.string()) }),
  }),
  listShared: route({ method: "GET", path: "/v1/shared", request: Nothing, response: z.array(SharedDirectory) }),
  /** With all that is in it. Refused with `SANDBOX_BUSY` while a sandbox has it. */
  removeShared: route({ method: "DELETE", path: "/v1/shared/{id}", request: z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) }), response: Done }),
  reportWorkspace: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/report", request: OfSandbox, response: WorkspaceReport }),

  openSession: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/sessions", request: z.strictObject({ sandbox: SandboxRef, ...OpenSession.shape }), response: Session }),
  inspectSession: route({ method: "GET", path: "/v1/sessions/{session}", request: z.strictObject({ session: SessionId }), response: Session }),
  endSession: route({ method: "DELETE", path: "/v1/sessions/{session}", request: z.strictObject({ session: SessionId }), response: Done }),
  /** The last output of a session, at most 256 KiB, as text. */
  sessionLogs: route({ method: "GET", path: "/v1/sessions/{session}/logs", request: z.strictObject({ session: SessionId }), response: z.object({ text: z.string() }) }),

  listRules: route({ method: "GET", path: "/v1/policy/rules", request: z.strictObject({ sandbox: SandboxRef.optional(), server: ServerName.optional() }), response: z.array(Rule) }),
  /** Without `sandbox` and `server` the rule is the user's: it holds for all sandboxes, and a denial for all servers too. */
  addRule: route({
    method: "POST",
    path: "/v1/policy/rules",
    request: z.strictObject({ effect: RuleEffect, to: DestinationPattern, sandbox: SandboxRef.optional(), server: ServerName.optional(), note: z.string().max(300).optional() }),
    response: Rule,
  }),
  removeRule: route({
    method: "DELETE",
    path: "/v1/policy/rules/{rule}",
    request: z.strictObject({ rule: z.string(), sandbox: SandboxRef.optional(), server: ServerName.optional() }),
    response: Done,
  }),
  checkPolicy: route({
    method: "POST",
    path: "/v1/policy/check",
    request: z.strictObject({ destination: Destination, sandbox: SandboxRef.optional(), agent: z.string().optional() }),
    response: Decision,
  }),

  listSecrets: route({ method: "GET", path: "/v1/secrets", request: Nothing, response: z.array(SecretView) }),
  setSecret: route({ method: "PUT", path: "/v1/secrets/{name}", request: SetSecret, response: Done }),
  /** As `setSecret`, for a secret that the vault has; servers that use it are started anew. */
  rotateSecret: route({ method: "POST", path: "/v1/secrets/{name}/rotate", request: SetSecret, response: Done }),
  removeSecret: route({ method: "DELETE", path: "/v1/secrets/{name}", request: OfSecret, response: Done }),
  /** Let a server of a catalog use a secret, which need not have a value yet. */
  bindSecret: route({ method: "PUT", path: "/v1/secrets/{name}/servers/{server}", request: OfSecretAndServer, response: SecretBinding }),
  unbindSecret: route({ method: "DELETE", path: "/v1/secrets/{name}/servers/{server}", request: OfSecretAndServer, response: Done }),
  vaultStatus: route({ method: "GET", path: "/v1/vault", request: Nothing, response: VaultStatus }),

  /** Past events, newest last. */
  listEvents: route({
    method: "GET",
    path: "/v1/events/list",
    request: z.strictObject({ sandbox: SandboxRef.optional(), after: z.coerce.number().int().default(0), limit: z.coerce.number().int().min(1).max(10_000).default(200) }),
    response: z.array(Event),
  }),

  ...dockerApi,
  ...mcpApi,
} as const;
/** The type of {@link api}, from which clients and dispatchers derive their methods. */
export type Api = typeof api;

/**
 * Calls that are streams and so no rows of the table.
 *
 * `events`: server-sent events, `id:` the event's id, `data:` an Event as JSON; resumes after `Last-Event-ID` or `?after=`;
 * `?sandbox=` narrows. `attach`: `Upgrade: sbx-stream/1`, frames of stream.ts. `gateway`: the same frames; `stdin` and
 * `stdout` carry the JSON messages of the stdio transport, one a line, and `stderr` the gateway's log.
 *
 * `archive`, always as the sandbox's user: GET with `?path=` and `?follow=` gives what is there as a tar, its root named
 * as the path's last part, and ends with a trailer of sandbox-path.ts. PUT with `?path=` of a directory unpacks the body
 * there and answers an ArchiveEnd.
 */
export const STREAMS = {
  events: "/v1/events",
  attach: "/v1/sessions/{session}/attach",
  gateway: "/v1/mcp/gateways/{gateway}/stream",
  archive: "/v1/sandboxes/{sandbox}/archive",
} as const;

/** One function per route. A missing handler is a compile error in the daemon. */
export type Handlers = { readonly [K in keyof Api]: (input: z.output<Api[K]["request"]>, signal: AbortSignal) => Promise<z.input<Api[K]["response"]>> };
/** The same table seen from the caller: what goes in may omit defaults, what comes out is parsed. */
export type Client = { readonly [K in keyof Api]: (input: z.input<Api[K]["request"]>, signal?: AbortSignal) => Promise<z.output<Api[K]["response"]>> };
