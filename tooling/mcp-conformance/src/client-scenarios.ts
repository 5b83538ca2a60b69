/**
 * What of the suite for clients concerns the side on which the gateway is a client of remote servers. The others are about
 * signing in (which the vault does), about the stateless revision (which is not served), and about questions that a person
 * answers in the client itself.
 */
export const CLIENT_SCENARIOS = ["initialize", "tools_call", "sse-retry"] as const;
