import type { Rule, SandboxId, SessionId } from "@sbx/contracts";
import type { SandboxRecord, SessionRecord } from "../sandbox/sandbox-record.ts";

/** What outlives the daemon. Writes are durable when they return. A rule without sandbox is the user's. */
export interface SandboxStore {
  putSandbox(record: SandboxRecord): void;
  sandboxes(): readonly SandboxRecord[];
  /** With its sessions and rules. */
  removeSandbox(id: SandboxId): void;
  putSession(record: SessionRecord): void;
  sessions(): readonly SessionRecord[];
  removeSession(id: SessionId): void;
  putRule(sandbox: SandboxId | undefined, rule: Rule): void;
  /** Whether there was one. */
  removeRule(sandbox: SandboxId | undefined, id: string): boolean;
  rules(sandbox: SandboxId | undefined): readonly Rule[];
}
