import type { AgentConfig } from "./agent-capability.ts";
import type { ConfigOf } from "./capability-configs.ts";
import { renderTemplate, type ProfileFacts } from "./template.ts";

export interface ProfileVariables {
  /** Exported by the Kit's arguments. */
  readonly args: Readonly<Record<string, string>>;
  readonly agent: AgentConfig["env"];
  readonly model: AgentConfig["model"];
  readonly credential: ConfigOf<"com.docker.sandbox/credential@1"> | undefined;
}

/**
 * Variables of every program in the sandbox, hooks that declare them included. The key's name holds the placeholder, whatever else
 * sets it; first come those that Kits expect of whatever runs them, of which a Kit may say otherwise.
 */
export function profileEnvironment({ args, agent, model, credential }: ProfileVariables, facts: ProfileFacts): Readonly<Record<string, string>> {
  const key = credential?.apiKey?.name;
  return {
    ...expected(facts, credential),
    ...args,
    ...Object.fromEntries(Object.entries(agent).map(([name, value]) => [name, renderTemplate(value, facts)])),
    ...(model?.baseUrl === undefined ? {} : { [model.baseUrl.env]: renderTemplate(model.baseUrl.value, facts) }),
    ...(key === undefined ? {} : { [key]: facts.placeholder }),
  };
}

/**
 * What the hooks of Kits look for, though no specification names it: where the work is, how the credential came, and the
 * MCP gateway. The gateway knows a sandbox by its gate and needs no token: the one named here is a word, and worth nothing.
 */
function expected({ workspace, mcpUrl }: ProfileFacts, credential: ProfileVariables["credential"]): Readonly<Record<string, string>> {
  const mode = credential?.apiKey?.name === undefined ? {} : { [`SBX_CRED_${credential.service.toUpperCase().replaceAll("-", "_")}_MODE`]: "apikey" };
  return { WORKSPACE_DIR: workspace, MCP_GATEWAY_URL: new URL("mcp", mcpUrl).href, MCP_SENTINEL_TOKEN_NAME: "proxy-managed", ...mode };
}
