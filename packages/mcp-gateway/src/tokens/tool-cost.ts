/** A tool as `tools/list` gives it; only what a model is shown is counted. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** The tools of one server in a session. */
export interface ServerTools {
  readonly server: string;
  readonly tools: readonly ToolDefinition[];
}

/** What the tools of one server cost in the context of each question to a model. */
export interface ServerCost {
  readonly server: string;
  readonly tools: number;
  readonly tokens: number;
}

/** What all tools of a session cost, with each server's part, in the servers' order. */
export interface SessionCost {
  readonly tools: number;
  readonly tokens: number;
  readonly servers: readonly ServerCost[];
}

/** The text of a tool that a model is shown: its name, description and arguments, as JSON. */
export const definitionText = ({ name, description, inputSchema }: ToolDefinition): string => JSON.stringify({ name, description, inputSchema });

/** Sum up the cost of servers. */
export function sessionCost(servers: readonly ServerCost[]): SessionCost {
  const sum = (of: (cost: ServerCost) => number): number => servers.reduce((total, cost) => total + of(cost), 0);
  return { tools: sum(({ tools }) => tools), tokens: sum(({ tokens }) => tokens), servers };
}

/** What a change of a session's servers did to its cost; `saved` is negative when it became dearer. */
export interface CostChange {
  readonly before: number;
  readonly after: number;
  readonly saved: number;
}

/** Compare two costs of a session. */
export function costChange(before: SessionCost, after: SessionCost): CostChange {
  return { before: before.tokens, after: after.tokens, saved: before.tokens - after.tokens };
}

/** What a session no longer pays for when this server is removed from it. */
export function savedByRemoval(cost: SessionCost, server: string): CostChange {
  return costChange(cost, sessionCost(cost.servers.filter((one) => one.server !== server)));
}
