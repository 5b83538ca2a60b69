/** In the pod this name is the machine that sbx runs on; a rule with a port opens one service on its loopback. */
export const HOST_GATEWAY = "host.docker.internal";
/** Port of {@link HOST_GATEWAY} at which the MCP gateway answers. */
export const MCP_PORT = 8811;

/** The names of sbx's own services in the pod: ordinary connections that are recognised by name. */
export const SERVICE_NAMES = { model: "model.sbx.internal", mcp: "mcp.sbx.internal", policy: "policy.sbx.internal" } as const;

/** Which of sbx's own services a name of {@link SERVICE_NAMES} leads to. */
export type ServiceKind = keyof typeof SERVICE_NAMES;

/** Names that no rule can be about. Takes a name that was parsed. */
export function isReservedName(name: string): boolean {
  return name === "sbx.internal" || name.endsWith(".sbx.internal");
}

/** Which of our services a name and port stand for, if any. */
export function serviceAt(name: string, port: number): ServiceKind | undefined {
  if (name === HOST_GATEWAY) return port === MCP_PORT ? "mcp" : undefined;
  if (name === SERVICE_NAMES.mcp) return port === 80 || port === MCP_PORT ? "mcp" : undefined;
  if (port !== 80) return undefined;
  if (name === SERVICE_NAMES.model) return "model";
  return name === SERVICE_NAMES.policy ? "policy" : undefined;
}

/** Whether a name always stands for something of ours in a pod, whatever the rules say about it. */
export function isServiceName(name: string): boolean {
  return name === HOST_GATEWAY || Object.values<string>(SERVICE_NAMES).includes(name);
}
