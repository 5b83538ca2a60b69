import type { Sandbox, SandboxState, Session } from "@sbx/contracts";
import { credentialView } from "../kit/host-credential.ts";
import type { SandboxRecord, SessionRecord } from "./sandbox-record.ts";

/** What a caller is told of a sandbox: no placeholder, no environment. */
export function sandboxView(record: SandboxRecord, state: SandboxState, sessions: readonly SessionRecord[]): Omit<Sandbox, "ports"> {
  const { request } = record;
  return {
    id: record.id,
    name: record.name,
    agent: request.agent,
    workspace: request.workspace,
    labels: request.labels,
    extra: [...request.extra],
    createdAt: record.createdAt,
    state,
    image: record.image,
    packages: [...(record.packages ?? [])],
    ...(request.template === undefined ? {} : { template: request.template }),
    limits: request.limits,
    model: { service: record.service ?? "none", source: record.modelSource },
    docker: request.docker,
    sessions: sessions.map(sessionView),
    protected: record.protected,
    hidden: record.hidden,
    notices: record.notices,
    skipped: record.skipped,
    kits: record.kits,
    credentials: (record.credentials ?? []).map(credentialView),
  };
}

/** What clients see of a session: its record without the fields that are only the daemon's. */
export function sessionView({ version: _version, deadlineAt: _deadlineAt, ...session }: SessionRecord): Session {
  return session;
}
