import type { SandboxId } from "@sbx/contracts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** What every container and volume of ours carries, so that nothing is left behind or mistaken for another's. */
export const LABELS = { sandbox: "dev.sbx.sandbox", role: "dev.sbx.role", owner: "dev.sbx.owner", record: "dev.sbx.record", basis: "dev.sbx.basis" } as const;

export type Role = "gate" | "workload" | "home";

export function labelsOf(owner: string, sandbox: SandboxId, role: Role): Record<string, string> {
  return { [LABELS.owner]: owner, [LABELS.sandbox]: sandbox, [LABELS.role]: role };
}

/** The record as it stands on the workload's label, without the environment's values: a lost database is made again from it. */
export function recordLabel(record: SandboxRecord): Record<string, string> {
  return { [LABELS.record]: JSON.stringify({ ...record, request: { ...record.request, env: {} } }) };
}
