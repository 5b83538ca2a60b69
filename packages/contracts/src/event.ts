import * as z from "zod";
import { SandboxId, type PodId } from "./ids.ts";

/** What can happen that somebody may want to know, with the fields each kind has. */
export const EVENT_TYPES = [
  "daemon.started",
  "daemon.state-rebuilt",
  "sandbox.created",
  "sandbox.progress",
  "sandbox.started",
  "sandbox.stopped",
  "sandbox.removed",
  "sandbox.renamed",
  "sandbox.recreated",
  "sandbox.installed",
  "sandbox.saved",
  "sandbox.orphan-removed",
  "port.published",
  "port.unpublished",
  "files.read",
  "files.written",
  "session.started",
  "session.ended",
  "gate.ready",
  "gate.degraded",
  "gate.cut-off",
  "gate.rejected",
  "egress.allowed",
  "egress.denied",
  "egress.failed",
  "egress.limited",
  "model.used",
  "model.denied",
  "policy.changed",
  "workspace.report",
  "server.added",
  "server.removed",
  "server.progress",
  "server.started",
  "server.ended",
  "server.failed",
  "server.denied",
  "tool.called",
  "tool.denied",
  "docker.created",
  "docker.started",
  "docker.ended",
  "docker.removed",
  "docker.refused",
  "ssh.used",
  "ssh.refused",
  "secret.changed",
  "secret.bound",
  "secret.refused",
] as const;
/** Kind of an event, one of {@link EVENT_TYPES}; no other is recorded or sent. */
export const EventType = z.enum(EVENT_TYPES);
export type EventType = z.infer<typeof EventType>;

/** Flat values only, so that every event can be a line. Never a secret, never a body. */
export const EventFields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
export type EventFields = z.infer<typeof EventFields>;

/** One line of the record. `id` grows by one and never repeats, so that a reader can resume after it. */
export const Event = z.object({
  id: z.number().int().nonnegative(),
  /** ISO 8601, UTC, milliseconds. */
  at: z.iso.datetime(),
  type: EventType,
  sandbox: SandboxId.optional(),
  fields: EventFields,
});
export type Event = z.infer<typeof Event>;

/** What a part hands to the one place that records. */
export interface EventInit {
  readonly type: EventType;
  readonly sandbox?: SandboxId;
  readonly fields: EventFields;
}
/** Records an event; never throws and never waits. */
export type RecordEvent = (event: EventInit) => void;

/** What happened to a pod, as its wall tells it. Whose pod it is, and what else is recorded with it, the daemon knows. */
export interface PodEventInit {
  readonly type: EventType;
  readonly pod: PodId;
  readonly fields: EventFields;
}
/** Records what happened to a pod; never throws and never waits. */
export type RecordPodEvent = (event: PodEventInit) => void;
