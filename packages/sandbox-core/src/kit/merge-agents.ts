import { AgentConfig } from "./agent-capability.ts";
import { sameValue } from "./same-value.ts";

/**
 * What two Kits say of one agent in `dev.sbx/agent@1`: lists come together; how it is started, its model and its MCP file
 * are said by one of them, or by both alike. `undefined` where they disagree.
 */
export function mergeAgents(one: AgentConfig, other: AgentConfig): AgentConfig | undefined {
  const none = AgentConfig.parse({});
  const said = <Key extends "launch" | "model" | "mcp">(key: Key): { readonly value: AgentConfig[Key] } | undefined => {
    if (sameValue(other[key], none[key]) || sameValue(one[key], other[key])) return { value: one[key] };
    return sameValue(one[key], none[key]) ? { value: other[key] } : undefined;
  };
  const [launch, model, mcp] = [said("launch"), said("model"), said("mcp")];
  const differs = Object.entries(other.env).some(([name, value]) => Object.hasOwn(one.env, name) && one.env[name] !== value);
  const clashes = other.files.some((file) => one.files.some((there) => there.path === file.path && !sameValue(there, file)));
  if (launch === undefined || model === undefined || mcp === undefined || differs || clashes) return undefined;
  return {
    launch: launch.value,
    ...(model.value === undefined ? {} : { model: model.value }),
    ...(mcp.value === undefined ? {} : { mcp: mcp.value }),
    env: { ...one.env, ...other.env },
    files: [...one.files, ...other.files.filter((file) => one.files.every(({ path }) => path !== file.path))],
    protect: union(one.protect, other.protect),
    telemetryHosts: union(one.telemetryHosts, other.telemetryHosts),
    leavesRunning: union(one.leavesRunning, other.leavesRunning),
  };
}

function union(one: readonly string[], other: readonly string[]): string[] {
  return [...new Set([...one, ...other])];
}
