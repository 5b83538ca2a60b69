/** Names of the gateway's own tools, present and known from other gateways; no server ever gets one of them. */
const RESERVED = new Set([
  "code-mode",
  "find-tools",
  "mcp-activate-profile",
  "mcp-add",
  "mcp-config-set",
  "mcp-create-profile",
  "mcp-discover",
  "mcp-exec",
  "mcp-find",
  "mcp-registry-import",
  "mcp-remove",
]);

/** Tools that agents made of scripts begin with this. */
export const SCRIPT_PREFIX = "code-mode-";

/** Tells whether a name belongs to the gateway itself. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name) || name.startsWith(SCRIPT_PREFIX);
}
