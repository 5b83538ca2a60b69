import type { CreateSandbox } from "@sbx/contracts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

type Identity = NonNullable<SandboxRecord["gitIdentity"]>;

/** Who commits of a new sandbox are by, as its person said; nobody where name or address is missing. */
export async function readIdentity({ workspace }: Pick<SandboxParts, "workspace">, { gitIdentity: from }: Pick<CreateSandbox, "gitIdentity">): Promise<Identity> {
  if (from === "off") return {};
  const identity = await workspace.gitIdentity(from);
  return isWhole(identity) ? identity : {};
}

/** Whether there are both a name and an address. */
export function isWhole({ name, email }: Identity): boolean {
  return name !== undefined && email !== undefined;
}
