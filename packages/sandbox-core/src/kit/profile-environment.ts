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

/** Variables of every program in the sandbox. The key's name holds the placeholder, whatever else sets it. */
export function profileEnvironment({ args, agent, model, credential }: ProfileVariables, facts: ProfileFacts): Readonly<Record<string, string>> {
  const key = credential?.apiKey?.name;
  return {
    ...args,
    ...Object.fromEntries(Object.entries(agent).map(([name, value]) => [name, renderTemplate(value, facts)])),
    ...(model?.baseUrl === undefined ? {} : { [model.baseUrl.env]: renderTemplate(model.baseUrl.value, facts) }),
    ...(key === undefined ? {} : { [key]: facts.placeholder }),
  };
}
