export {
  createSbx,
  defineAgent,
  Execution,
  FileAccess,
  PortAccess,
  SandboxHandle,
  sbx,
  Terminal,
  type AgentDefinition,
  type CollectOptions,
  type CreateOptions,
  type DefinedAgent,
  type Environment,
  type EventOptions,
  type ExecOptions,
  type ExecResult,
  type FileEntry,
  type InputSource,
  type PlaceOverrides,
  type ProgressStep,
  type PublishOptions,
  type ReadOptions,
  type RecreateOptions,
  type SandboxPolicy,
  type Sbx,
  type TaskOptions,
  type TaskResult,
  type TerminalOptions,
  type WorkspaceDiff,
} from "./sdk/index.ts";
export { AppError, type Event, type Sandbox, type Session, type SessionId, type WorkspaceReport } from "@sbx/contracts";
// For packages of ours, which make a daemon of them; and for whoever wants to know what a sandbox is made of.
export { HOST_ADDRESS, type ChildHost, type ChildNetwork, type ChildPlace, type ChildPod, type KnownChild, type PublishedPort } from "./child/child-pod.ts";
export { ContainerPods, type ContainerPodParts } from "./child/container-pods.ts";
export { Neighbours, type Dialled, type Within } from "./child/neighbours.ts";
export type { ContainerFiles, ContainerLink, ContainerNetwork, ContainerPod } from "./ports/container-host.ts";
export { FilesInside, type FilesInsideParts, type Transfer } from "./files/files-inside.ts";
export { credentialView } from "./kit/host-credential.ts";
export { wantedSecrets } from "./kit/compose-kits.ts";
export { AGENT_CAPABILITY, AgentConfig } from "./kit/agent-capability.ts";
export type { Declaration, Kit, KitCapability } from "./kit/kit.ts";
export { KIT_ROOT_TAR, kitFiles, type KitFiles } from "./kit/kit-files.ts";
export { nearNames } from "./kit/near-names.ts";
export { parseKit, type ParseKitOptions } from "./kit/parse-kit.ts";
export type { AgentProfile, KitLayer, KitPart, LaunchMode, ProfileHook, SeedFile, SessionVerbs } from "./kit/profile.ts";
export { listOf, readBuildFile, readDockerfile, type HereDocument, type Instruction } from "./kit/read-dockerfile.ts";
export type { KitMember } from "./kit/kit-member.ts";
export { AGENT } from "./kit/workload-account.ts";
export { composeProfile, resolveProfile, type ResolveOptions } from "./kit/resolve-profile.ts";
export type { ProfileFacts } from "./kit/template.ts";
export type { DaemonContainerSpec, DaemonHost, EngineMachine } from "./ports/daemon-host.ts";
export type {
  BuildRequest,
  CommitRequest,
  ContainerEngine,
  ContainerSpec,
  ContainerState,
  ContainerUsage,
  ContainerView,
  DiskEngine,
  DiskLimits,
  Engine,
  EngineId,
  EngineInfo,
  ExecEngine,
  ExecProcess,
  InitStarter,
  ExecSpec,
  ImageConfig,
  ImageEngine,
  ImageSummary,
  Mount,
  UsageEngine,
  VolumeEngine,
} from "./ports/engine.ts";
export { DOCKER_DIRECTORY, DOCKER_SOCKET, workloadContainer, type WorkloadParts } from "./sandbox/workload-container.ts";
export { LABELS } from "./sandbox/labels.ts";
export { gateContainer, type GateParts } from "./pod/gate-container.ts";
export type {
  CheckedWorkspace,
  DockerSockets,
  IdProbe,
  ImageMaker,
  PodLink,
  PodNetwork,
  PodPlace,
  PortPublisher,
  PreparedWorkspace,
  SandboxAuthorities,
  SandboxFiles,
  SparePodLink,
  WorkloadLink,
  WorkspaceHost,
  WorkspaceRequest,
} from "./ports/host.ts";
export type { PartsRequest, PreparedParts, ServerFiles, ServerNetwork, ServerPod, ServerWorkspace, SpareLink, WorkspacePart } from "./ports/server-host.ts";
export type { SharedDirectories, WantedShare } from "./ports/shared-directories.ts";
export type { SharedSkills, SkillStore } from "./ports/skill-store.ts";
export { SSH_DIRECTORY, SSH_SOCKET, type SshAgents } from "./ports/ssh-agents.ts";
export type { Phase } from "./kit/ssh-grants.ts";
export type { SandboxStore } from "./ports/store.ts";
export type { InstallPods, LayerMaker, LeaveOut, TemplateLayer, TemplateStore } from "./ports/template-host.ts";
export { createInstallPods } from "./template/install-pod.ts";
export { packageHosts, SOURCE_FILES, sourcesOf } from "./template/package-sources.ts";
export { TEMPLATE_OF } from "./template/unneeded-images.ts";
export { TemplateRecord, templateView } from "./template/template-record.ts";
export { refuseNewer, refuseNewerRecord } from "./sandbox/refuse-newer.ts";
export { EngineIds, type ProbeRequest } from "./sandbox/engine-ids.ts";
export { insideOf, outsideOf, parseIdMap, SAME_IDS, type IdRange, type IdView } from "./sandbox/id-view.ts";
export { TurnQueue } from "./sandbox/turn-queue.ts";
export { workspaceRequest, type LiveSandbox, type SandboxParts, type WantedProfile } from "./sandbox/sandbox-parts.ts";
export { SandboxRecord, SessionRecord } from "./sandbox/sandbox-record.ts";
export { looksAtRequests } from "./sandbox/trust-mounts.ts";
export { SandboxService, stateOf } from "./sandbox/sandbox-service.ts";
export { limitsCommand, readLimitsMet } from "./sandbox/limits-met.ts";
export { sandboxView, sessionView } from "./sandbox/sandbox-view.ts";
export { wantedDestinations } from "./sandbox/settle-joined.ts";
export { workloadSeccomp, type SeccompProfile } from "./seccomp/workload-seccomp.ts";
export { reapServers } from "./server/reap-servers.ts";
export { SERVER_HOME, serverContainer, serverUser, type ServerContainerParts } from "./server/server-container.ts";
export type { ServerLaunch, ServerProcess, ServerVolume } from "./server/server-launch.ts";
export { serverLabels, type ServerParts } from "./server/server-parts.ts";
export { ServerPods } from "./server/server-pods.ts";
export { HOLD_DETACHED, HOLD_NO_SESSION, type SessionOnDisk } from "./session/hold-program.ts";
export type { SessionParts, SessionStreams, StreamsOf } from "./session/session-parts.ts";
export { SessionService, type JoinedSession } from "./session/session-service.ts";
export { KILLED_EXIT } from "./session/exit-codes.ts";
export { leftAlone } from "./session/left-alone.ts";
export { runProgram } from "./session/run-program.ts";
export { startThroughInit, type StartingInit } from "./session/start-through-init.ts";
export { createSessionRunner, type SessionPlace, type SessionProgram, type SessionRunner } from "./session/session-runner.ts";
export { CREDENTIAL_BYTES, credentialByName } from "./workspace/credential-patterns.ts";
export { hasControlCharacter, whyForbidden, type HostPlaces } from "./workspace/forbidden-place.ts";
export { addedProgramSettings, parseGitConfig, programSettings, remotesWithSecrets, type GitSetting } from "./workspace/git-config.ts";
export { gitFileTarget, resolvePath, worktreeParts } from "./workspace/git-link.ts";
export { bindPropagation } from "./workspace/bind-propagation.ts";
export { gitDirectoryPaths, isPlainRelative, isWithin, parentsOf, profilePaths, SETTINGS_PATHS, type ProtectedPath } from "./workspace/protected-paths.ts";
export { isGitDirectory, packageScripts, whyConfigRuns, whyLinkRuns, whyModeMatters, whyPathRuns } from "./workspace/runs-on-host.ts";
