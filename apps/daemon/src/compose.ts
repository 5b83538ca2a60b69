import { availableParallelism, totalmem } from "node:os";
import path from "node:path";
import { createDispatcher, SandboxId, SessionId } from "@sbx/contracts";
import { createSessionRunner, SandboxService, workspaceRequest, type SandboxParts } from "@sbx/core";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { createKitStore } from "@sbx/kits";
import { peerCredentials } from "@sbx/syscalls";
import { createWorkspaceHost } from "@sbx/workspace";
import { createAgentDirectory } from "./agents/agent-directory.ts";
import type { DaemonConfig } from "./config.ts";
import { createHandlers } from "./create-handlers.ts";
import { daemonStatus } from "./daemon-status.ts";
import { keepEngine } from "./engine-keeper.ts";
import type { Log } from "./log.ts";
import { placeholderFor, startModelSources } from "./model/model-source.ts";
import { composeNetwork } from "./network/compose-network.ts";
import { PolicyService } from "./policy/policy-service.ts";
import { randomId } from "./random-id.ts";
import { createSandboxFiles } from "./sandboxes/sandbox-files.ts";
import { createSecretStore } from "./secrets/secret-store.ts";
import { startServer } from "./server/serve.ts";
import { SessionService } from "./sessions/session-service.ts";
import { openDatabase } from "./state/database.ts";
import { createEventLog } from "./state/event-log.ts";
import { createSandboxStore } from "./state/sandbox-store.ts";

/** An agent and a test run fit into this; on a small machine it is more than half. */
const MEMORY_FLOOR_BYTES = 2 * 1024 ** 3;

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
  const { database, setAside } = openDatabase(path.join(config.stateDirectory, "sbx.db"), now);
  scope.defer(() => { database.close(); });
  const events = createEventLog({ database, now, onFailure: (error) => { log.error("event.lost", { error }); } });
  const { record } = events;
  const store = createSandboxStore(database, (error) => { log.warn("record.unreadable", { error }); });

  const engine = keepEngine(() => connectEngine({ environment: config.environment, home: config.home, labels: { "dev.sbx.owner": config.owner } }));
  const images = async (): Promise<ReturnType<typeof createImageMaker>> => createImageMaker({ engine: await engine(), env: config.environment });
  const kits = createKitStore({ directory: path.join(config.configDirectory, "agents") });
  const agents = createAgentDirectory({ kits, isBuilt: async ({ name }) => (await engine()).findImage(`sbx/agent-${name}`).then((id) => id !== undefined) });
  const secrets = createSecretStore(path.join(config.stateDirectory, "secrets"), config.environment);
  const models = await startModelSources(secrets, scope);
  const policy = new PolicyService({ store, record });
  const network = composeNetwork({ scope, record, log, policy, models, sandbox: (id) => sandboxes.get(id).record });

  const workspace = createWorkspaceHost({ stateDirectory: config.stateDirectory, configDirectory: config.configDirectory, home: config.home, environment: config.environment });
  const parts: SandboxParts = {
    engine,
    images,
    pods: network.pods,
    files: createSandboxFiles(config.stateDirectory, async (gateImage) => (await images()).holdBinary(gateImage)),
    workspace,
    store,
    profile: (agent) => agents.profile(agent),
    record,
    owner: config.owner,
    now,
    newId: () => SandboxId.parse(randomId("sbx_")),
    defaultLimits: { cpus: availableParallelism(), memoryBytes: Math.max(MEMORY_FLOOR_BYTES, Math.floor(totalmem() / 2)) },
    newPlaceholder: placeholderFor,
    modelSource: models.choose,
  };
  const sandboxes = new SandboxService(parts);
  const sessions = new SessionService({
    runner: async () => createSessionRunner({ exec: await engine() }),
    store,
    record,
    now,
    newId: () => SessionId.parse(randomId("ses_")),
    sandbox: (id) => sandboxes.get(id),
    profile: (live) => sandboxes.profile(live),
    snapshot: async (live) => parts.workspace.snapshot(await workspaceRequest(parts, live.record, await sandboxes.profile(live))),
    stop: async (live) => void (await sandboxes.stop(live.record.id)),
    idleStopMs: config.idleStopMs,
  });

  const startedAt = now();
  const handlers = createHandlers({
    status: () => daemonStatus({ config, engine, sandboxes: sandboxes.list().length, startedAt }),
    shutdown: () => { setImmediate(() => { shutdown.abort(new Error("asked to stop")); }); },
    agents,
    sandboxes,
    sessions,
    policy,
    secrets,
    events,
    report: async (live) => parts.workspace.report(await workspaceRequest(parts, live.record, await sandboxes.profile(live))),
    newOperation: () => randomId("op_"),
  });

  if (setAside !== undefined) record({ type: "daemon.state-rebuilt", fields: { from: "engine", setAside } });
  try {
    await sandboxes.reconcile();
    await workspace.sweep(new Set(sandboxes.list().map(({ record: { id } }) => id)));
  } catch (error) {
    log.warn("reconcile.failed", { error });
  }
  sessions.reconcile(sandboxes.list());
  const dispatch = createDispatcher(handlers, (error) => { log.error("request.failed", { error }); });
  scope.use(await startServer({ socketPath: config.socketPath, dispatch, events, attach: (session, connection) => void sessions.attach(session, connection), peerUid: peerUidOf, uid: config.uid, onFault: (error) => { log.error("request.failed", { error }); } }));
  record({ type: "daemon.started", fields: { pid: process.pid } });
}

/** Node tells the descriptor of a socket only through its handle; without one the mode of the socket alone guards. */
function peerUidOf(socket: object): number | undefined {
  const handle: unknown = "_handle" in socket ? socket._handle : undefined;
  const descriptor: unknown = typeof handle === "object" && handle !== null && "fd" in handle ? handle.fd : undefined;
  return typeof descriptor === "number" && descriptor >= 0 ? peerCredentials(descriptor).uid : undefined;
}
