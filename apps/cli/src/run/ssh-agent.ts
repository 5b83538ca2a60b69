import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import type { CreateInput } from "./create-with-progress.ts";
import { absolutePath } from "./workspace-path.ts";

/** What a person says of their SSH agent; an empty socket is that of SSH_AUTH_SOCK. */
export interface SshOptions {
  readonly sshAgent?: string | true | undefined;
  readonly sshKnownHosts?: string | undefined;
}

/** The person's SSH agent, in the daemon's words. @throws AppError `USAGE` where there is none */
export function wantedSshAgent(context: Context, { sshAgent, sshKnownHosts }: SshOptions): Pick<CreateInput, "sshAgent"> {
  if (sshAgent === undefined) {
    if (sshKnownHosts === undefined) return {};
    throw new AppError("USAGE", { message: "--ssh-known-hosts says which hosts your SSH agent may log in to, and no agent is given", fix: "Add --ssh-agent." });
  }
  const socket = sshAgent === true || sshAgent === "" ? (context.env["SSH_AUTH_SOCK"] ?? "") : sshAgent;
  if (socket === "")
    throw new AppError("USAGE", { message: "There is no SSH agent: SSH_AUTH_SOCK is not set", fix: 'Start one: eval "$(ssh-agent)"; ssh-add; or name its socket: --ssh-agent=SOCKET' });
  return { sshAgent: { socket: absolutePath(socket, context), ...(sshKnownHosts === undefined ? {} : { knownHosts: absolutePath(sshKnownHosts, context) }) } };
}
