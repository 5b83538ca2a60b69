import type { CreateSandbox } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** What a sandbox is granted of its person's SSH agent, for its record. */
export function sshOf({ ssh }: Pick<AgentProfile, "ssh">): Pick<SandboxRecord, "ssh"> {
  return Object.keys(ssh).length === 0 ? {} : { ssh };
}

/** What its person is told where they give an agent for which no Kit asks. */
export function unaskedSsh({ sshAgent }: Pick<CreateSandbox, "sshAgent">, { ssh }: Pick<AgentProfile, "ssh">): readonly string[] {
  return sshAgent === undefined || Object.keys(ssh).length > 0 ? [] : ["--ssh-agent: none of the Kits asks for an SSH agent, so nothing of yours is given"];
}
