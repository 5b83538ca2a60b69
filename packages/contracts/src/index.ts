export { ChildContainer, dockerApi, DockerUsage, ImageReference, ImagesPattern, RegistryRule } from "./docker-api.ts";
export { api, type Api, type Client, type Handlers } from "./api.ts";
export { AppError, type AppErrorInit } from "./app-error.ts";
export { Event, EVENT_TYPES, EventFields, EventType, type EventInit, type PodEventInit, type RecordEvent, type RecordPodEvent } from "./event.ts";
export {
  decodeDelivery,
  DELIVERY_BYTES,
  DELIVERY_DESCRIPTORS,
  encodeGateRequest,
  GATE_DIAL_TIMEOUT_MS,
  GATE_MAX_PENDING,
  GATE_SOCKET,
  GATE_VERSION,
  POD_DNS_ADDRESS,
  POD_TCP_PORT,
  REQUEST_BYTES,
  type Delivery,
  type GateRequest,
} from "./gate.ts";
export {
  decodeHoldAnswer,
  encodeHoldHello,
  encodeHoldLeave,
  encodeHoldStart,
  HOLD_ANSWER_BYTES,
  HOLD_OUTPUTS,
  HOLD_REQUEST_BYTES,
  HOLD_SOCKET,
  HOLD_VERSION,
  type HoldAnswer,
  type HoldStart,
} from "./hold.ts";
export { ContainerPodId, isSandboxId, PodId, SandboxId, SandboxName, SandboxRef, ServerPodId, SessionId } from "./ids.ts";
export type { Json, JsonObject } from "./json.ts";
export { HeldPieces } from "./held-pieces.ts";
export { JsonRefused, parseJson, parseJsonBytes } from "./parse-json.ts";
export { Decision, Destination, DestinationPattern, PolicyDocument, Rule, RuleEffect, RuleLayer, ruleSubject } from "./policy.ts";
export { LoopbackAddress, PublishedPortView, PublishPort } from "./port.ts";
export { Problem, PROBLEMS, type ProblemCode } from "./problem.ts";
export { fillPath, matchPath, route, type Method, type Route } from "./route.ts";
export type { Call, Reply, Send } from "./call.ts";
export { createClient } from "./client.ts";
export { AgentView, DaemonBeside, DaemonPart, DaemonStatus } from "./daemon-api.ts";
export { createDispatcher } from "./dispatcher.ts";
export { mcpApi } from "./mcp-api.ts";
export {
  CatalogName,
  CatalogReference,
  CatalogView,
  ConfigChange,
  ConfigOfServers,
  GatewayOptions,
  ProfileView,
  ProjectOffer,
  Readiness,
  SandboxServerRule,
  ServerDetail,
  ServerInstance,
  ServerView,
  ToolResult,
  ToolView,
} from "./mcp-views.ts";
export {
  CapabilityType,
  CreateSandbox,
  RecreateSandbox,
  KitView,
  DockerPolicy,
  DockerSocket,
  Limits,
  NetworkState,
  Sandbox,
  SandboxState,
  SharedDirectory,
  WantedLimits,
  WorkspaceMount,
  WorkspaceNotice,
  WorkspaceReport,
} from "./sandbox.ts";
export { OpenSession, Session, SessionState, TerminalSize } from "./session.ts";
export { ARCHIVE_END, ArchiveEnd, ASKED_ADDRESSES, COPIED_TEXT, OfPath, PASTED_IMAGE, PathInSandbox, PathView } from "./sandbox-path.ts";
export { STREAMS } from "./streams.ts";
export { SandboxStats } from "./stats.ts";
export { checkTarHeaders, TarHeaders, UnfitTar, type TarHeaderLimits } from "./tar-headers.ts";
export { HomePath, PackageName, TemplateName, TemplateView } from "./template.ts";
export { CapabilityDecision, PermissionSurface, Selection, SelectionEntry, SelectionView } from "./selection.ts";
export { HostBinding, MAX_SECRET_LENGTH, SecretBinding, SecretName, SecretSourceKind, SecretUser, SecretView, VaultStatus } from "./secret.ts";
export {
  decodeExit,
  decodeSize,
  encodeExit,
  encodeFrame,
  encodeSize,
  FrameReader,
  MAX_FRAME_BYTES,
  SESSION_SIGNALS,
  STREAM_PROTOCOL,
  type Frame,
  type FrameType,
  type SessionSignal,
} from "./stream.ts";
export { EnabledServer, ServerConfig, ServerEffect, ServerEntry, ServerName, ServerProfile, ServerRule, ServerSecret, ServerSource, ServerTool } from "./server.ts";
