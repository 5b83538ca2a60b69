export { type SshGrant } from "./grant.ts";
export { type SshUse } from "./relay-connection.ts";
export { startSshAgentRelay, type StartSshAgentRelay } from "./start-ssh-agent-relay.ts";
