import { SessionId, type RecordEvent } from "@sbx/contracts";
import { createSessionRunner, SessionService, workspaceRequest, type Engine, type SandboxParts, type SandboxService, type SandboxStore } from "@sbx/core";
import type { DaemonConfig } from "../config.ts";
import { keepFirst } from "../keep-first.ts";
import type { Log } from "../log.ts";
import { randomId } from "../random-id.ts";
import type { SessionClients } from "./session-clients.ts";

interface ComposeSessions {
  readonly config: Pick<DaemonConfig, "idleStopMs">;
  readonly log: Log;
  readonly record: RecordEvent;
  readonly store: SandboxStore;
  readonly engine: () => Promise<Engine>;
  readonly sandboxes: SandboxService;
  readonly clients: SessionClients;
  readonly parts: SandboxParts;
}

/** Sessions over the sandboxes of a daemon. */
export function composeSessions({ config, log, record, store, engine, sandboxes, clients, parts }: ComposeSessions): SessionService {
  return new SessionService({
    // One for the daemon's life: it knows which sessions it has joined, and tells their viewers apart.
    runner: keepFirst(async () => createSessionRunner({ exec: await engine() })),
    streams: clients,
    store,
    record,
    now: parts.now,
    newId: () => SessionId.parse(randomId("ses_")),
    sandbox: (id) => sandboxes.get(id),
    profile: (live) => sandboxes.profile(live),
    snapshot: async (live) => parts.workspace.snapshot(await workspaceRequest(parts, live.record)),
    stop: async (live, unless) => void (await sandboxes.stop(live.record.id, unless)),
    unusedMs: (id) => parts.docker.unusedMs(id),
    idleStopMs: config.idleStopMs,
    onFault: (error) => {
      log.warn("session.failed", { error });
    },
  });
}
