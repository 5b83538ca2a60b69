/** A small valid descriptor; `capabilities` and `top` are lines of YAML put in. */
export function aKit({ capabilities = [], top = [] }: { readonly capabilities?: readonly string[]; readonly top?: readonly string[] } = {}): string {
  return ['schemaVersion: "3"', "kind: workload", ...top, ...(capabilities.length === 0 ? [] : ["capabilities:", ...capabilities.map((line) => `  ${line}`)]), ""].join("\n");
}

export const A_DOCKERFILE = 'ARG SBX_BASE\nFROM ${SBX_BASE}\nENTRYPOINT ["agent"]\n';

/** What a profile is told, with a workspace that tries to break out of a string. */
export const NASTY = {
  workspace: '/tmp/a"b\\c\n[mcp_servers.x]\ncommand = "id"',
  placeholder: "sk-ant-api03-0123456789abcdefghijABCDEFGHIJ",
  placeholders: {},
  modelUrl: "http://model.sbx.internal/anthropic",
  mcpUrl: "http://host.docker.internal:8811/",
};
