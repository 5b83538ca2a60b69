import { availableParallelism, totalmem } from "node:os";
import path from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createDispatcher, SandboxId, type Handlers } from "@sbx/contracts";
import {
  EngineIds,
  SandboxService,
  startThroughInit,
  workspaceRequest,
  type Engine,
  type EngineId,
  type LiveSandbox,
  type SandboxParts,
  type SandboxRecord,
  type SessionService,
  type StartingInit,
} from "@sbx/core";
import { readProxies, type WallOptions } from "@sbx/egress-proxy";
import { connectEngine } from "@sbx/engine-docker";
import { createKitStore } from "@sbx/kits";
import { createWorkspaceHost } from "@sbx/workspace";
import { createAgentDirectory, type AgentDirectory, type AgentDirectoryParts } from "./agents/agent-directory.ts";
import { dialFromThere } from "./beside/dial-from-there.ts";
import { noticeElsewhere } from "./beside/notice-elsewhere.ts";
import { onlyShared } from "./beside/only-shared.ts";
import { databaseFile, type DaemonConfig } from "./config.ts";
import { createHandlers } from "./create-handlers.ts";
import { daemonStatus } from "./daemon-status.ts";
import { composeDocker } from "./docker/compose-docker.ts";
import { dockerHandlers } from "./docker/docker-handlers.ts";
import { composeFiles } from "./files/compose-files.ts";
import type { ServeArchive } from "./files/serve-archives.ts";
import { imagesOf } from "./images-of-engine.ts";
import { keepFirst } from "./keep-first.ts";
import type { Log } from "./log.ts";
import { composeMcp } from "./mcp/compose-mcp.ts";
import { mcpHandlers } from "./mcp/handlers/mcp-handlers.ts";
import { openMcpStore } from "./mcp/open-mcp-store.ts";
import { composeGateway, type ComposedGateway } from "./mcp/running/compose-gateway.ts";
import { placeholderFor, startModelSources } from "./model/model-source.ts";
import { HostPorts } from "./network/host-ports.ts";
import { SandboxAuthorities } from "./network/sandbox-authorities.ts";
import { sandboxCredentials } from "./network/sandbox-credentials.ts";
import { composeNetwork, type NetworkParts } from "./network/compose-network.ts";
import { PolicyService, type PolicyParts } from "./policy/policy-service.ts";
import { randomId } from "./random-id.ts";
import { createSandboxFiles } from "./sandboxes/sandbox-files.ts";
import { sandboxStats } from "./sandboxes/sandbox-stats.ts";
import { composeKitPlaces } from "./sandboxes/compose-kit-places.ts";
import { shareHandlers } from "./sandboxes/share-handlers.ts";
import { workspaceSeenBy } from "./sandboxes/workspace-seen-by.ts";
import { composeSecrets } from "./secrets/compose-secrets.ts";
import { peerUidOf } from "./server/peer-uid.ts";
import { startServer } from "./server/serve.ts";
import { composeSessions } from "./sessions/compose-sessions.ts";
import { SessionClients } from "./sessions/session-clients.ts";
import type { EventLog } from "./state/event-log.ts";
import { openState } from "./state/open-state.ts";
import { composeTemplates } from "./templates/compose-templates.ts";
import { templateHandlers } from "./templates/template-handlers.ts";
import { timeZoneOf } from "./time-zone.ts";

/** An agent and a test run fit into this; on a small machine it is more than half. */
const MEMORY_FLOOR_BYTES = 2 * 1024 ** 3;

/** How long a start waits for the engine; those who call meanwhile are answered, and what needs the engine waits for it. */
const PATIENCE_MS = 5000;
/** A sandbox that was just made has its own work to do before the next one's beginning is made ready. */
const SPARE_LATER_MS = 500;
/** How long to wait before an engine that did not answer is asked again. */
const ENGINE_PAUSE_MS = 2000;

interface Compose {
  readonly config: DaemonConfig;
  /** Receives everything that is to be released at the end. */
  readonly scope: AsyncDisposableStack;
  readonly log: Log;
  readonly shutdown: AbortController;
}

/** Put the daemon together; the only file that knows every adapter. Resolves when it serves. */
export async function compose({ config, scope, log, shutdown }: Compose): Promise<void> {
  const now = (): Date => new Date();
  const { setAside, events, record, tally, store, scopes, lostEvents } = openState({ file: databaseFile(config), scope, log, now });

  const connect = (): Promise<Engine> =>
    connectEngine({ environment: config.environment, home: config.home, labels: { "dev.sbx.owner": config.owner }, directory: path.join(config.stateDirectory, "engine") });
  const engine = keepFirst(async () => startThroughInit(noticeElsewhere(await connect(), config), (container) => initOf(sandboxes, container)));
  const images = imagesOf(engine, config.environment);
  const agents = openAgents(config, { images, secretHosts: (name) => secrets.hostsOf(name) });
  const mcpStore = openMcpStore({ config, scopes, record, log, now, workspaceOf: (id) => sandboxes.list().find(({ record: one }) => one.id === id)?.record.request.workspace });
  const secrets = await composeSecrets({ config, record, log, identify: (server) => mcpStore.identify(server) });
  const models = await startModelSources({ secrets, scope, log });
  const policy = openPolicy(config, { record, changed: () => network.reconsider() });
  const sandbox = (id: SandboxId): SandboxRecord => sandboxes.get(id).record;
  const { authorities, ...looking } = lookAtRequests({ config, log, secrets, sandbox });
  const network = composeNetwork({ scope, record, log, policy, models, ...looking, mcp: async (...asked) => gateway.serve(...asked), sandbox, ...dialling(config) });
  const workspace = openWorkspaces(config);
  const docker = composeDocker({ config, scope, engine, images, network, policy, secrets, workspace, workspaceOf: (one) => workspaceSeenBy(parts, one), record, log });
  const files = createSandboxFiles(config.stateDirectory, async (gateImage) => (await images()).holdBinary(gateImage));
  const ports = scope.use(new HostPorts({ stateDirectory: config.stateDirectory, beside: config.beside, podOf: network.podOf, record }));
  const parts: SandboxParts = {
    engine,
    images,
    ...composeTemplates({ config, engine, images, files, network: network.servers, log }),
    pods: network.pods,
    files,
    ids: new EngineIds({ files, owner: config.owner }),
    workspace,
    docker: docker.sockets,
    ports,
    authorities,
    store,
    ...composeKitPlaces({ config, scope, sandboxes: () => sandboxes, record, log }),
    profile: (wanted) => agents.profile(wanted),
    record,
    allow: (one, destinations) => policy.allow(one, destinations),
    reconciled: (live) => takeUp({ gateway, docker, workspace, sessions }, live),
    stopped: (id) => gateway.stopped(id),
    ended: (id) => forgetIn([tally, sessions, policy, network, authorities, mcpStore, gateway], id),
    owner: config.owner,
    now,
    newId: () => SandboxId.parse(randomId("sbx_")),
    ...(config.keepReady ? { spares: { laterMs: SPARE_LATER_MS } } : {}),
    ...ofThisMachine(config),
    newPlaceholder: placeholderFor,
    modelSource: models.choose,
  };
  const sandboxes = new SandboxService(parts);
  const clients = new SessionClients();
  const sessions = composeSessions({ config, log, record, store, engine, sandboxes, clients, parts });

  const shared = { config, scope, record, log, store: mcpStore, secrets };
  const gateway = composeGateway({ ...shared, parts, serverImages: images, network: network.servers, policy, workspace, sandbox });
  const mcp = composeMcp({ ...shared, engine, gateway: gateway.port, sandboxId: (ref) => sandboxes.get(ref).record.id });

  const startedAt = now();
  const { archive, ...inside } = composeFiles({ engine, record, sandboxes, sessions });
  const handlers = createHandlers({
    ...inside,
    shared: shareHandlers({ shares: parts.shares, sandboxes }),
    ports,
    stats: (live, limits) => sandboxStats({ engine, now, limits, tally: (id) => tally.of(id) }, live),
    status: () => daemonStatus({ config, connect, sandboxes: sandboxes.list(), vault: () => secrets.status(), lostEvents: lostEvents(), startedAt }),
    shutdown: () => void setImmediate(() => shutdown.abort(new Error("asked to stop"))),
    agents,
    sandboxes,
    sessions,
    policy,
    secrets,
    events,
    report: async (live) => parts.workspace.report(await workspaceRequest(parts, live.record)),
    newOperation: () => randomId("op_"),
    mcp: mcpHandlers(mcp),
    templates: templateHandlers({ parts, currentImages: () => agents.images(), sandboxes, sessions, newOperation: () => randomId("op_") }),
    docker: dockerHandlers({ docker, engine, sandbox: (ref) => sandboxes.get(ref).record }),
  });

  if (setAside !== undefined) record({ type: "daemon.state-rebuilt", fields: { from: "engine", setAside } });
  await Promise.race([reconcileUntilDone(sandboxes, { log, signal: shutdown.signal }), sleep(PATIENCE_MS, undefined, { ref: false })]);
  const attach: Serve["attach"] = (session, connection) => void clients.attach(sessions, session, connection);
  await serve({ config, scope, log, handlers, events, attach, archive, gateway: (id, connection) => mcp.runs.attach(id, connection) });
  // Ends before the socket does: whoever asked the daemon to end finds nothing but sandboxes in the engine then.
  scope.use(sandboxes);
  record({ type: "daemon.started", fields: { pid: process.pid } });
}

interface Keepers {
  readonly gateway: Pick<ComposedGateway, "reap">;
  readonly docker: Pick<ReturnType<typeof composeDocker>, "reapGuards">;
  readonly workspace: Pick<ReturnType<typeof createWorkspaceHost>, "sweep">;
  readonly sessions: SessionService;
}

/** Take away what an earlier daemon left of what is gone, then take the sessions of the others up again. */
async function takeUp({ gateway, docker, workspace, sessions }: Keepers, live: readonly LiveSandbox[]): Promise<void> {
  const known = new Set(live.map(({ record: { id } }) => id));
  await gateway.reap(known);
  await docker.reapGuards();
  await workspace.sweep(known);
  await sessions.reconcile(live);
}

/** Tell every part that a sandbox is gone. Resolves when none keeps anything of it. */
async function forgetIn(parts: readonly { readonly forget: (id: SandboxId) => void | Promise<void> }[], id: SandboxId): Promise<void> {
  for (const part of parts) await part.forget(id);
}

interface Serve extends Pick<Compose, "config" | "scope" | "log"> {
  readonly handlers: Handlers;
  readonly events: EventLog;
  readonly attach: (session: string, connection: Duplex) => void;
  readonly gateway: (id: string, connection: Duplex) => void;
  readonly archive: ServeArchive;
}

/** Answer on the daemon's socket, whoever the kernel says is its user. */
async function serve({ config, scope, log, handlers, ...served }: Serve): Promise<void> {
  const onFault = (error: unknown): void => {
    log.error("request.failed", { error });
  };
  scope.use(await startServer({ socketPath: config.socketPath, dispatch: createDispatcher(handlers, onFault), peerUid: peerUidOf, uid: config.uid, onFault, ...served }));
}

/** The first process of a sandbox's workload, if the container is one. */
function initOf(sandboxes: Pick<SandboxService, "list">, container: EngineId): StartingInit | undefined {
  const live = sandboxes.list().find(({ record }) => record.workload === container);
  const pod = live?.pod;
  return live === undefined || pod === undefined ? undefined : { user: live.record.user, starter: () => pod.starter() };
}

/** The host's side of workspaces. Beside an engine nothing can be mounted for it, and only what is shared is there. */
function openWorkspaces(config: DaemonConfig): ReturnType<typeof createWorkspaceHost> {
  const { stateDirectory, configDirectory, home, environment, beside } = config;
  const workspace = createWorkspaceHost({ stateDirectory, configDirectory, home, environment, ...(beside === undefined ? {} : { mounts: false, own: [path.dirname(beside.socket)] }) });
  return beside === undefined ? workspace : onlyShared(workspace, beside);
}

interface LookAtRequests extends Pick<Compose, "config" | "log"> {
  readonly secrets: Parameters<typeof sandboxCredentials>[2];
  readonly sandbox: (id: SandboxId) => SandboxRecord;
}

/** What the wall needs where it looks at a sandbox's requests, and puts secrets on them. */
function lookAtRequests({ config: { stateDirectory }, log, secrets, sandbox }: LookAtRequests): Pick<NetworkParts, "requestsOf"> & { readonly authorities: SandboxAuthorities } {
  const authorities = new SandboxAuthorities({ stateDirectory, log });
  return { authorities, requestsOf: (id, phase) => ({ authority: () => authorities.of(id), credentials: () => sandboxCredentials(sandbox(id), phase, secrets) }) };
}

function ofThisMachine({ environment }: DaemonConfig): Pick<SandboxParts, "defaultLimits" | "timeZone"> {
  return {
    defaultLimits: { cpus: availableParallelism(), memoryBytes: Math.max(MEMORY_FLOOR_BYTES, Math.floor(totalmem() / 2)) },
    timeZone: () => timeZoneOf(environment),
  };
}

/** How what is allowed is dialled. */
function dialling({ beside, environment }: DaemonConfig): Pick<WallOptions, "connect" | "proxyFor"> {
  return { proxyFor: readProxies(environment), ...(beside === undefined ? {} : { connect: dialFromThere() }) };
}

/** Kits that come with sbx and those of the user. */
function openAgents({ configDirectory }: DaemonConfig, { images, secretHosts }: { readonly images: ReturnType<typeof imagesOf> } & Pick<AgentDirectoryParts, "secretHosts">): AgentDirectory {
  const kits = createKitStore({ directory: path.join(configDirectory, "agents") });
  return createAgentDirectory({ kits, secretHosts, imageOf: async (profile) => (await images()).findAgent({ ...profile, args: profile.buildArgs }) });
}

/** Rules in files: the user's and those of servers among the configuration, each sandbox's with its state. */
function openPolicy({ stateDirectory, configDirectory }: DaemonConfig, told: Pick<PolicyParts, "record" | "changed">): PolicyService {
  return new PolicyService({
    userFile: path.join(configDirectory, "policy.json"),
    sandboxFile: (id) => path.join(stateDirectory, "sandboxes", id, "policy.json"),
    serverFile: (server) => path.join(configDirectory, "mcp", "policy", `${server}.json`),
    ...told,
  });
}

/** Resolves after the first attempt; where that failed, others follow until one succeeds or the daemon ends. */
async function reconcileUntilDone(sandboxes: SandboxService, { log, signal }: { readonly log: Log; readonly signal: AbortSignal }): Promise<void> {
  try {
    await sandboxes.reconcile();
  } catch (error) {
    log.warn("reconcile.failed", { error });
    if (!signal.aborted) setTimeout(() => void reconcileUntilDone(sandboxes, { log, signal }), ENGINE_PAUSE_MS).unref();
  }
}
