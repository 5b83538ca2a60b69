import type { SandboxId, SessionId } from "@sbx/contracts";
import type { SandboxRecord, SessionRecord } from "../sandbox/sandbox-record.ts";

/** What outlives the daemon. Writes are durable when they return. */
export interface SandboxStore {
  putSandbox(record: SandboxRecord): void;
  sandboxes(): readonly SandboxRecord[];
  /** With its sessions. */
  removeSandbox(id: SandboxId): void;
  putSession(record: SessionRecord): void;
  sessions(): readonly SessionRecord[];
  removeSession(id: SessionId): void;
}
