export { apiDocument } from "./api-document.ts";
export { connectGuardEngine } from "./engine/socket-engine.ts";
export { GUARD_LIMITS, type GuardLimits } from "./limits.ts";
export type {
  BindMount,
  ChildNetwork,
  ChildPlace,
  ChildPod,
  EngineFacts,
  EngineRequest,
  GuardBinds,
  GuardEngine,
  GuardImages,
  GuardListener,
  GuardPods,
  ImageToPush,
  KnownChild,
  PublishedPort,
  Pushing,
  PushProgress,
  RemoteImage,
  RemoteLayer,
  SharedImage,
} from "./ports.ts";
export { removeSandboxImages, type RemoveSandboxImages } from "./owned/remove-sandbox-images.ts";
export { newPlace } from "./life/new-place.ts";
export { startDockerGuard, type DockerGuard, type StartDockerGuard } from "./start-docker-guard.ts";
export { workspaceBinds, type BoundRoot, type WorkspaceBinds } from "./workspace-binds.ts";
