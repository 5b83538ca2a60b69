import type { Guard } from "../guard.ts";
import type { ChildNetwork } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import type { ContainerCreate } from "../routes/schema/container-config.ts";

/** Names of the network that everybody has. */
const DEFAULT = ["", "default", "bridge"];

/** The networks of a container, and whether it is to reach nothing at all. @throws Refusal */
export function joinedNetworks({ networks }: Pick<Guard, "networks">, { HostConfig, NetworkingConfig }: ContainerCreate): { readonly networks: readonly ChildNetwork[]; readonly offline: boolean } {
  const mode = HostConfig?.NetworkMode ?? "";
  const endpoints = NetworkingConfig?.EndpointsConfig ?? {};
  refuseShared(mode);
  if (mode === "none") {
    if (Object.keys(endpoints).some((name) => name !== "none")) throw new Refusal(400, "a container without network joins none");
    return { networks: [], offline: true };
  }
  const names = [mode, ...Object.keys(endpoints)].filter((name) => !DEFAULT.includes(name));
  const joined = new Map<string, ChildNetwork>();
  for (const name of names) {
    const { id, name: known } = networks.find(name);
    const aliases = endpoints[name]?.Aliases ?? [];
    joined.set(id, { id, name: known, aliases: [...new Set([...(joined.get(id)?.aliases ?? []), ...aliases])] });
  }
  return { networks: [...joined.values()], offline: false };
}

function refuseShared(mode: string): void {
  if (mode === "host") throw new Refusal(403, "the host's network is not given away; a container reaches what the sandbox's rules allow, and published ports are at the agent's localhost");
  if (mode.startsWith("container:")) throw new Refusal(403, "every container of a sandbox has a network namespace of its own; join both to a network and use their names");
}
