import type { SandboxId } from "@sbx/contracts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** What every container and volume of ours carries, so that nothing is left behind or mistaken for another's. */
export const LABELS = {
  sandbox: "dev.sbx.sandbox",
  role: "dev.sbx.role",
  owner: "dev.sbx.owner",
  record: "dev.sbx.record",
  basis: "dev.sbx.basis",
  /** On a Kit's volume: where it is in the sandbox. */
  path: "dev.sbx.path",
  /** On what belongs to servers: their pod, their name, and the sandbox (or `host`) that they work for. */
  pod: "dev.sbx.pod",
  server: "dev.sbx.server",
  serves: "dev.sbx.serves",
} as const;

/** `home` is on that volume and on what gives volumes to their user, `volume` on those of Kits, `hooks` on the container of install hooks. */
export type Role = "gate" | "workload" | "home" | "volume" | "hooks";
/** `server-package` is an installed package, shared by all; `server-data` one server's own. */
export type ServerRole = "server-gate" | "server" | "server-setup" | "server-data" | "server-package";

/** The name of a sandbox's container, and its host name, which its gate's container owns. It stays when the sandbox gets another name. */
export function containerName({ id }: { readonly id: SandboxId }): string {
  return `sbx-${id.slice(4)}`;
}

export function labelsOf(owner: string, sandbox: SandboxId, role: Role): Record<string, string> {
  return { [LABELS.owner]: owner, [LABELS.sandbox]: sandbox, [LABELS.role]: role };
}

/** Whether something is a server's, by its labels: no sandbox's reconciling touches it. */
export function isOfServer(labels: Readonly<Record<string, string>>): boolean {
  return labels[LABELS.role]?.startsWith("server") === true;
}

/** Roles of what an agent made through its Docker API, and of what was made for that. */
const OF_AGENT = ["child", "child-gate", "child-volume", "child-network", "child-image"];

/** Whether something is an agent's own container, volume or network, or its gate: it goes with the sandbox, and not before. */
export function isOfAgent(labels: Readonly<Record<string, string>>): boolean {
  return OF_AGENT.includes(labels[LABELS.role] ?? "");
}

/** The record as it stands on the workload's label, without the environment's values: a lost database is made again from it. */
export function recordLabel(record: SandboxRecord): Record<string, string> {
  return { [LABELS.record]: JSON.stringify({ ...record, request: { ...record.request, env: {} } }) };
}
