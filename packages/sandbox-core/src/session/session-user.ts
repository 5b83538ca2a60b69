import { AppError } from "@sbx/contracts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import { accountName } from "../sandbox/workload-container.ts";

/**
 * Refuse a session as anybody but the sandbox's own user, who may be named as what it is called (`agent`), by the number, or by number and group.
 * Another number could be another person of this machine, whose files in the workspace it would read.
 *
 * @throws AppError `USAGE`
 */
export function refuseOtherUser(wanted: string | undefined, record: Pick<SandboxRecord, "user" | "name" | "account">): void {
  const { user, name } = record;
  const own = accountName(record);
  if (wanted === undefined || [own, `${own}:${own}`, user, user.split(":")[0]].includes(wanted)) return;
  const isRoot = /^(root|0+)(:|$)/.test(wanted);
  throw new AppError("USAGE", {
    message: isRoot ? "Nobody is root in a sandbox" : `"${wanted}" is no user of "${name}": everything in it runs as "${own}", who is ${user}`,
    fix: isRoot ? `For packages of the system: sbx install --sandbox ${name} PACKAGE; else leave the user out.` : "Leave the user out.",
  });
}
