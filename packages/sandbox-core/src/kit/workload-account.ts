import { imageUser } from "./image-program.ts";
import type { KitCapability } from "./kit.ts";
import type { KitMember } from "./kit-member.ts";

/** Whose account the programs of a sandbox run in. */
export interface WorkloadAccount {
  readonly name: string;
  readonly home: string;
}

/** The account of the format's floor for workloads, which is every sandbox's unless its workload asks for its image's own. */
export const AGENT: WorkloadAccount = { name: "agent", home: "/home/agent" };

/** Whether a capability asks for the image's own user. */
export function asksForOwn({ type }: Pick<KitCapability, "type">): boolean {
  return type === "com.docker.sandbox/sbx@1";
}

/**
 * Whose account a sandbox of these Kits has: the user of the image, where the workload wants that (sbx@1) and its recipe states one by name, and the
 * floor's otherwise. The home is where Debian puts it; whether the image has it there is looked at when there is an image.
 *
 * @throws AppError `KIT_INVALID` where readers could disagree about the recipe
 */
export function workloadAccount(members: readonly KitMember[]): WorkloadAccount {
  const own = members.find(({ kit }) => kit.declarations.some((declaration) => declaration.members.some(asksForOwn)));
  const recipe = own?.kit.descriptor.build ?? own?.dockerfile;
  const name = own === undefined || recipe === undefined ? undefined : imageUser(own.name, recipe);
  return name === undefined || name === AGENT.name || name === "root" ? AGENT : { name, home: `/home/${name}` };
}
