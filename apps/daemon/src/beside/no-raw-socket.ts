import { AppError, type DaemonBeside } from "@sbx/contracts";
import type { OrganisationPolicy } from "../policy/organisation-policy.ts";

/** What whoever administers the caller's machine forbids cannot be read from beside the engine: what they could forbid is forbidden. */
export function noRawSocket({ engine }: Pick<DaemonBeside, "engine">): OrganisationPolicy {
  const problem = {
    message: `The container engine at ${engine} is not on this machine, and from there it cannot be read whether its socket may be given to an agent`,
    fix: "Leave =raw out: --mount-docker-socket gives the agent a Docker API of its own",
  };
  return { checkRawSocket: async () => Promise.reject(new AppError("ENGINE_ELSEWHERE", problem)) };
}
