export { createPodHost, type PodHost, type PodHostParts } from "./pod/create-pod-host.ts";
export { podDirectory, type PodDirectory } from "./pod/pod-directory.ts";
export type { OpenPod, Pod } from "./pod/pod.ts";
export { POD_LIMITS, type PodLimits } from "./pod/pod-limits.ts";
export type { PodConnection, ServeConnection } from "./pod/pod-connection.ts";
export { createWall, type Wall, type WallOptions } from "./wall/create-wall.ts";
export { systemConnect, systemResolve, type Connect, type Resolve } from "./wall/dial.ts";
export { DEFAULT_LIMITS, type WallLimits } from "./wall/limits.ts";
export { isSafeUpstream, type ModelBinding } from "./wall/model/model-binding.ts";
