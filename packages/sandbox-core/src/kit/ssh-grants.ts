import * as z from "zod";
import type { ConfigOf } from "./capability-configs.ts";
import { isCapability, type KitCapability } from "./kit.ts";

type Config = ConfigOf<"com.docker.sandbox/ssh-agent@1">;

/** What programs may have signed by the person's SSH agent: anything, or signatures of these namespaces and these logins (`[user@]host`) alone. */
const SshGrant = z.discriminatedUnion("unrestricted", [
  z.object({ unrestricted: z.literal(true) }),
  z.object({ unrestricted: z.literal(false), sign: z.array(z.string()), authenticate: z.array(z.string()) }),
]);
export type SshGrant = z.infer<typeof SshGrant>;

/** The same for each phase of a sandbox; nothing where it is absent. */
export const SshGrants = z.object({ install: SshGrant.optional(), runtime: SshGrant.optional() });
export type SshGrants = z.infer<typeof SshGrants>;

/** The phases of a sandbox in which access may be granted. */
export type Phase = keyof SshGrants;

/** What Kits are granted together of the person's SSH agent, in each phase. */
export function sshGrants(effective: readonly KitCapability[]): SshGrants {
  const grants = effective.flatMap((one) => (isCapability(one, "com.docker.sandbox/ssh-agent@1") ? ofPhases(one.config) : []));
  return Object.fromEntries(grants);
}

function ofPhases(config: Config): readonly (readonly [Phase, SshGrant])[] {
  return [config.phase].flat().map((phase) => [phase, grantOf(config)]);
}

function grantOf({ unrestricted, sign = [], authenticate = [] }: Config): SshGrant {
  return unrestricted ? { unrestricted } : { unrestricted, sign, authenticate };
}
