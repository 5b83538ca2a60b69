import { AppError } from "@sbx/contracts";

/** Names directories of this machine, separated by colons, that an engine in a virtual machine is to see: workspaces lie in them. */
export const SHARES = "SBX_ENGINE_SHARES";

/** The failure of an engine that a daemon cannot even run beside. */
export function elsewhere(endpoint: string, why: string, fix: string): AppError {
  return new AppError("ENGINE_ELSEWHERE", { message: `The container engine at ${endpoint} is not on this machine, and ${why}`, fix });
}

/** For an engine that sees nothing of what it would have to see. */
export const USE_ANOTHER = "Run sbx on the engine's own machine, or choose an engine of this one: unset DOCKER_HOST, docker context use default";
