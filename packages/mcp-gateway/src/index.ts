export { createGateway } from "./create-gateway.ts";
export { createCodeModeEngine } from "./code-mode/engine.ts";
export { GATEWAY_LIMITS } from "./limits.ts";
export { startHttpGateway } from "./start-http-gateway.ts";
export type { Gateway } from "./create-gateway.ts";
export type { InstanceView } from "./scope-registry.ts";
export type { GatewayOptions } from "./gateway-options.ts";
export type { HttpGateway, HttpGatewayOptions } from "./start-http-gateway.ts";
export type { GatewayLimits } from "./limits.ts";
export type { Json, JsonObject } from "./jsonrpc/json.ts";
export type { CodeModeEngine, CodeModeSettings } from "./code-mode/engine.ts";
export type { CodeModeLimits } from "./code-mode/limits.ts";
export type { CodeModeScript } from "./code-mode/script-thread.ts";
export type { CallTool } from "./code-mode/tool-calls.ts";
export type { CodeModeTool } from "./code-mode/tool-arguments.ts";
export type { ContentBlock, ToolCall, ToolResult } from "./interceptors/tool-call.ts";
export type {
  Caller,
  ConfigProblem,
  FoundServer,
  GatewayState,
  InterceptionContext,
  ListKey,
  ListStore,
  RemoteServers,
  RemoteTarget,
  RunningServer,
  ServerCatalog,
  ServerLists,
  ServerPolicy,
  ServerRunner,
  StartServer,
  ToolInterceptor,
  Verdict,
} from "./ports.ts";
export { createTokenCounter, type TokenCounter, type TokenCounterSettings } from "./tokens/token-counter.ts";
export { type CostChange, costChange, savedByRemoval, type ServerCost, type ServerTools, type SessionCost, type ToolDefinition } from "./tokens/tool-cost.ts";
export { createInterceptors, type ImageHook, type InterceptorOptions } from "./interceptors/create-interceptors.ts";
export { createSecretFinder, type FindSecrets, type FoundSecret } from "./interceptors/find-secrets.ts";
export type { HookLimits, RunHook } from "./interceptors/hook.ts";
export type { CallLimits } from "./interceptors/limit-calls.ts";
export type { CallNote } from "./interceptors/log-calls.ts";
export { type Interceptor, type InterceptorRun, parseInterceptor } from "./interceptors/parse-interceptor.ts";
