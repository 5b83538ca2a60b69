import { describeTools } from "./describe-tools.ts";
import type { CodeModeTool } from "./tool-arguments.ts";

/** A tool that runs scripts, as `tools/list` shows it. */
export interface CodeModeDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: { readonly type: "object"; readonly properties: Readonly<Record<string, unknown>>; readonly required: readonly string[] };
  readonly annotations: { readonly title: string };
}

const TITLE = "Run tools with Javascript";
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,52}$/;

/** Name of the tool that is made for `name`; `undefined` when that would be a name which many clients do not take. */
export function codeModeToolName(name: string): string | undefined {
  return NAME.test(name) ? `code-mode-${name}` : undefined;
}

/** Define the tool of this name, as {@link codeModeToolName} gave it, for scripts over these tools. */
export function defineCodeModeTool(toolName: string, tools: readonly CodeModeTool[]): CodeModeDefinition {
  return {
    name: toolName,
    title: TITLE,
    description: describeTools(tools),
    inputSchema: { type: "object", properties: { script: { type: "string", description: "Body of a JavaScript function; end it with return." } }, required: ["script"] },
    annotations: { title: TITLE },
  };
}

/** Tell the agent which tool was made for it, and how it is called where a client shows no new tools. */
export function codeModeCreatedText(definition: CodeModeDefinition, servers: readonly string[]): string {
  const { name, description, inputSchema } = definition;
  const example = JSON.stringify({ name, arguments: { script: "return ..." } });
  return [
    `Created tool '${name}', which runs JavaScript over the tools of: ${servers.join(", ")}.`,
    `Call it by its name or, when it is not among your tools, with mcp-exec and these arguments:\n\n${example}`,
    `Its input schema:\n\n${JSON.stringify(inputSchema)}`,
    `Its description:\n\n${description}`,
  ].join("\n\n");
}
