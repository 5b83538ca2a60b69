export { type CodeModeEngine, type CodeModeSettings, createCodeModeEngine } from "./code-mode/engine.ts";
export { type CodeModeDefinition, codeModeCreatedText, codeModeToolName, defineCodeModeTool } from "./code-mode/code-mode-tool.ts";
export type { CodeModeLimits } from "./code-mode/limits.ts";
export type { CodeModeScript } from "./code-mode/script-thread.ts";
export type { CallTool } from "./code-mode/tool-calls.ts";
export type { CodeModeTool } from "./code-mode/tool-arguments.ts";
export type { ContentBlock, ToolCall, ToolResult } from "./interceptors/tool-call.ts";
export type { Caller, FoundServer, GatewayState, RemoteServers, RunningServer, ServerCatalog, ServerPolicy, ServerRunner, StartServer, Verdict } from "./ports.ts";
