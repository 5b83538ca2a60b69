import type { ChildHost } from "@sbx/core";
import type { ContainerCreate } from "../routes/schema/container-config.ts";

/** The further names that a client wants a container to know. */
export function hostsOf({ HostConfig }: ContainerCreate): readonly ChildHost[] {
  return (HostConfig?.ExtraHosts ?? []).map((line) => {
    const colon = line.indexOf(":");
    return { name: line.slice(0, colon).toLowerCase(), address: line.slice(colon + 1) };
  });
}
