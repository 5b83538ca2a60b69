import type { AgentProfile } from "../kit/profile.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

type Granted = NonNullable<SandboxRecord["credentials"]>;

/** The secrets that a sandbox's Kits are granted, as its record has them. What stood for one before stands for it still. */
export function grantedCredentials({ newPlaceholder }: Pick<SandboxParts, "newPlaceholder">, { credentials }: Pick<AgentProfile, "credentials">, before: Granted): Pick<SandboxRecord, "credentials"> {
  if (credentials.length === 0) return {};
  const placeholderOf = (service: string): string => before.find((one) => one.service === service)?.placeholder ?? newPlaceholder(service);
  return {
    credentials: credentials.map(({ service, name, injections }) => ({ service, ...(name === undefined ? {} : { name, placeholder: placeholderOf(service) }), injections: [...injections] })),
  };
}
