import * as z from "zod";
import { AGENT_CAPABILITY, AgentConfig } from "./agent-capability.ts";

/** JSON Schema of our capability's configuration, for editors and other runtimes. What it cannot say, `parseKit` checks. */
export function agentSchema(): unknown {
  const schema = z.toJSONSchema(AgentConfig, { io: "input", target: "draft-2020-12" });
  return { ...schema, title: `config of ${AGENT_CAPABILITY}` };
}
