import { Event, Sandbox, Session } from "@sbx/contracts";

/** A sandbox as the daemon shows it. */
export function aSandbox(over: Partial<Record<keyof Sandbox, unknown>> = {}): Sandbox {
  return Sandbox.parse({
    id: "sbx_k3v9q2m1",
    name: "shell-app",
    agent: "shell",
    workspace: "/tmp",
    extra: [],
    createdAt: "2026-01-02T03:04:05.000Z",
    state: { phase: "running", network: "ready" },
    image: "sha256:0",
    limits: {},
    model: { service: "anthropic", source: "none" },
    docker: "none",
    sessions: [],
    protected: [],
    hidden: [],
    notices: [],
    skipped: [],
    ...over,
  });
}

export function aSession(over: Partial<Record<keyof Session, unknown>> = {}): Session {
  return Session.parse({ id: "ses_00000001", sandbox: "sbx_k3v9q2m1", kind: "agent", mode: "streams", command: ["bash"], startedAt: "2026-01-02T03:04:05.000Z", state: { phase: "running" }, ...over });
}

export const ended = (exitCode: number) => ({ phase: "ended", exitCode, at: "2026-01-02T03:05:05.000Z" });

export function anEvent(over: Partial<Record<keyof Event, unknown>> = {}): Event {
  return Event.parse({ id: 1, at: "2026-01-02T03:04:05.000Z", type: "egress.denied", sandbox: "sbx_k3v9q2m1", fields: {}, ...over });
}
