import type { AgentProfile } from "../kit/profile.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

type Granted = NonNullable<SandboxRecord["credentials"]>;

/** The secrets that a sandbox's Kits are granted, as its record has them. What stood for one before stands for it still. */
export function grantedCredentials({ newPlaceholder }: Pick<SandboxParts, "newPlaceholder">, { credentials }: Pick<AgentProfile, "credentials">, before: Granted): Pick<SandboxRecord, "credentials"> {
  if (credentials.length === 0) return {};
  const made = new Map(before.flatMap(({ service, placeholder }) => (placeholder === undefined ? [] : [[service, placeholder] as const])));
  const placeholderOf = (service: string): string => {
    const placeholder = made.get(service) ?? newPlaceholder(service);
    made.set(service, placeholder);
    return placeholder;
  };
  return {
    credentials: credentials.map(({ service, name, injections, phases }) => ({
      service,
      ...(name === undefined ? {} : { name, placeholder: placeholderOf(service) }),
      injections: [...injections],
      phases: [...phases],
    })),
  };
}
