import type { AgentConfig } from "./agent-capability.ts";
import { renderTemplate, type ProfileFacts } from "./template.ts";

/** A credential that programs find a placeholder of. */
export interface NamedCredential {
  readonly service: string;
  readonly name: string;
}

export interface ProfileVariables {
  /** Exported by the Kit's arguments. */
  readonly args: Readonly<Record<string, string>>;
  readonly agent: AgentConfig["env"];
  readonly model: AgentConfig["model"];
  /** Of the model service, and of hosts. */
  readonly credentials: readonly NamedCredential[];
  /** Tell programs whom to trust; a Kit may say otherwise. */
  readonly trust: Readonly<Record<string, string>>;
}

/**
 * Variables of every program in the sandbox, hooks that declare them included. A credential's name holds its placeholder, whatever else
 * sets it; first come those that Kits expect of whatever runs them, of which a Kit may say otherwise.
 */
export function profileEnvironment({ args, agent, model, credentials, trust }: ProfileVariables, facts: ProfileFacts): Readonly<Record<string, string>> {
  const placeholders = credentials.flatMap(({ service, name }) => {
    if (service === model?.service) return [[name, facts.placeholder] as const];
    const placeholder = Object.hasOwn(facts.placeholders, service) ? facts.placeholders[service] : undefined;
    return placeholder === undefined ? [] : [[name, placeholder] as const];
  });
  return {
    ...expected(facts, credentials),
    ...trust,
    ...args,
    ...Object.fromEntries(Object.entries(agent).map(([name, value]) => [name, renderTemplate(value, facts)])),
    ...(model?.baseUrl === undefined ? {} : { [model.baseUrl.env]: renderTemplate(model.baseUrl.value, facts) }),
    ...Object.fromEntries(placeholders),
  };
}

/**
 * What the hooks of Kits look for, though no specification names it: where the work is, how each credential came, and the
 * MCP gateway. The gateway knows a sandbox by its gate and needs no token: the one named here is a word, and worth nothing.
 */
function expected({ workspace, mcpUrl }: ProfileFacts, credentials: readonly NamedCredential[]): Readonly<Record<string, string>> {
  const modes = credentials.map(({ service }) => [`SBX_CRED_${service.toUpperCase().replaceAll("-", "_")}_MODE`, "apikey"] as const);
  return { WORKSPACE_DIR: workspace, MCP_GATEWAY_URL: new URL("mcp", mcpUrl).href, MCP_SENTINEL_TOKEN_NAME: "proxy-managed", ...Object.fromEntries(modes) };
}
