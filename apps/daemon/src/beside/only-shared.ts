import { AppError, type DaemonBeside } from "@sbx/contracts";
import { isWithin, type WorkspaceHost } from "@sbx/core";
import { SHARES } from "./elsewhere.ts";

/**
 * Workspaces of a daemon beside its engine, which has nothing of its caller's machine but what is shared. What is not there is
 * told from what is missing: the caller sees it.
 */
export function onlyShared<T extends Pick<WorkspaceHost, "check" | "prepare">>(workspaces: T, { shares, engine }: Pick<DaemonBeside, "shares" | "engine">): T {
  const refuseOther = (path: string): void => {
    if (shares.some((share) => isWithin(path, share))) return;
    throw new AppError("ENGINE_ELSEWHERE", {
      message: `"${path}" is not where the container engine at ${engine} sees this machine's files (${shares.join(", ") || "nowhere"})`,
      fix: `Work in one of these directories; or name others that are shared with the engine's machine with ${SHARES}, then: sbx daemon stop`,
    });
  };
  const check: WorkspaceHost["check"] = async (path) => {
    refuseOther(path);
    return await workspaces.check(path);
  };
  const prepare: WorkspaceHost["prepare"] = async (request) => {
    for (const { path } of request.extra) refuseOther(path);
    return await workspaces.prepare(request);
  };
  return { ...workspaces, check, prepare };
}
