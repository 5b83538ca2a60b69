import type { ContentBlock, ToolResult } from "../interceptors/tool-call.ts";
import type { CodeModeLimits } from "./limits.ts";
import type { Outcome, StopReason } from "./messages.ts";

/**
 * Say how a run ended: first what the script returned or why it failed, then, in a second block, what it wrote to
 * `console`.
 */
export function renderOutcome(outcome: Outcome, limits: CodeModeLimits): ToolResult {
  const content: ContentBlock[] = [{ type: "text", text: mainText(outcome, limits) }];
  if (outcome.console !== "") {
    const dropped = outcome.dropped === 0 ? "" : `\n(${outcome.dropped} more characters were dropped)`;
    content.push({ type: "text", text: `Console output:\n${outcome.console.trimEnd()}${dropped}` });
  }
  return outcome.kind === "returned" ? { content } : { content, isError: true };
}

function mainText(outcome: Outcome, limits: CodeModeLimits): string {
  switch (outcome.kind) {
    case "returned":
      return outcome.value ?? "<no output>";
    case "threw":
      return `Error running script: ${outcome.message}${outcome.line === undefined ? "" : ` (line ${outcome.line})`}`;
    case "stopped":
      return `Error running script: it was stopped, because ${why(outcome.because, limits)}.`;
  }
}

function why(because: StopReason, limits: CodeModeLimits): string {
  switch (because) {
    case "wall":
      return `it ran for more than ${limits.wallMs} ms`;
    case "cpu":
      return `it computed for more than ${limits.cpuMs} ms`;
    case "memory":
      return `it used more than ${limits.memoryBytes >> 20} MiB of memory`;
    case "calls":
      return `it called tools more than ${limits.calls} times`;
    case "nesting":
      return "it nested values or calls too deep";
  }
}
