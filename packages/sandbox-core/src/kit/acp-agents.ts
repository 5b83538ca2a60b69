import { AppError } from "@sbx/contracts";
import type { ConfigOf } from "./capability-configs.ts";
import { isCapability, type ReadCapability } from "./kit.ts";
import { fullName, shortName, type ProvidedName } from "./kit-names.ts";
import { commandWords } from "./kit-text.ts";
import { sameValue } from "./same-value.ts";

/** An agent that speaks the Agent Client Protocol on its streams. */
export interface AcpAgent {
  /** As people write it. */
  readonly agent: string;
  /** The whole argument vector. */
  readonly command: readonly string[];
  /** Variables of this program alone, over those of the session. */
  readonly env: Readonly<Record<string, string>>;
}

type Acp = ConfigOf<"com.docker.sandbox/acp@1">;

/** Those that are declared of agents that one of the Kits provides; what is declared of others is passed over, as the format has it. */
export function acpAgents(selected: readonly ReadCapability[], provides: readonly ProvidedName[]): readonly AcpAgent[] {
  return selected.flatMap((capability) => {
    if (!isCapability(capability, "com.docker.sandbox/acp@1")) return [];
    const { agent, command, env } = capability.config;
    return provides.some(({ name }) => name === fullName(agent)) ? [{ agent: shortName(agent), command: commandWords(command), env }] : [];
  });
}

/**
 * The one of this name, or the only one.
 *
 * @throws AppError `ACP_UNAVAILABLE` when there is none, `USAGE` when one of several has to be named
 */
export function findAcpAgent(agents: readonly AcpAgent[], wanted: string | undefined): AcpAgent {
  const found = wanted === undefined ? agents : agents.filter(({ agent }) => fullName(agent) === fullName(wanted));
  const [first, ...more] = found;
  const names = agents.map(({ agent }) => agent).join(", ");
  if (first === undefined)
    throw new AppError("ACP_UNAVAILABLE", {
      message:
        wanted === undefined || agents.length === 0
          ? "No Kit of this sandbox says how to start its agent for the Agent Client Protocol (acp@1)"
          : `No Kit of this sandbox says how to start "${wanted}" for the Agent Client Protocol`,
      fix: agents.length === 0 ? "Add a Kit that does: sbx acp --kit KIT AGENT" : `Name one of these: ${names}`,
    });
  if (more.length > 0) throw new AppError("USAGE", { message: `Several agents of this sandbox speak the Agent Client Protocol: ${names}`, fix: `Name one: sbx acp --agent-name ${first.agent} AGENT` });
  return first;
}

/** Two declarations of one agent as one: they say the same, however they are spelled. */
export function mergeAcp(one: Acp, other: Acp): Acp | undefined {
  return sameValue(plain(one), plain(other)) ? one : undefined;
}

function plain({ agent, command, ...rest }: Acp): unknown {
  return { ...rest, agent: fullName(agent), command: commandWords(command) };
}
