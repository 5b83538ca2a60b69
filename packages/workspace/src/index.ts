export { checkWorkspace, type FoundWorkspace } from "./check-workspace.ts";
export { GitIdentities, type GitIdentity } from "./git-identity.ts";
export { createWorkspaceHost, type LocalWorkspaceHost, type WorkspaceHostOptions } from "./workspace-host.ts";
