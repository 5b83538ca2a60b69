import type { ToolResult } from "../../src/interceptors/tool-call.ts";
import { createCodeModeEngine } from "../../src/code-mode/engine.ts";
import type { CodeModeLimits } from "../../src/code-mode/limits.ts";
import type { CallTool } from "../../src/code-mode/tool-calls.ts";
import type { CodeModeTool } from "../../src/code-mode/tool-arguments.ts";

/** Long enough for a busy machine; no script of a test that should end by itself comes near. */
const LIMITS: Partial<CodeModeLimits> = { cpuMs: 5000, wallMs: 20_000 };

export const text = (value: string): ToolResult => ({ content: [{ type: "text", text: value }] });

/** Gives back what it was called with, as JSON. */
export const echo: CallTool = async ({ name, arguments: args }) => text(JSON.stringify({ name, arguments: args }));

export const aTool = (name: string, inputSchema: CodeModeTool["inputSchema"] = { type: "object" }): CodeModeTool => ({ name, inputSchema });

export interface Told {
  readonly text: string | undefined;
  readonly console: string | undefined;
  readonly isError: boolean;
}

export const told = ({ content, isError }: ToolResult): Told => ({ text: content[0]?.["text"] as string, console: content[1]?.["text"] as string | undefined, isError: isError === true });

/** Run one script in an engine of its own. */
export async function runScript(
  script: string,
  {
    tools = [aTool("echo")],
    callTool = echo,
    limits = {},
    signal = new AbortController().signal,
  }: { tools?: readonly CodeModeTool[]; callTool?: CallTool; limits?: Partial<CodeModeLimits>; signal?: AbortSignal } = {},
): Promise<Told> {
  await using engine = createCodeModeEngine({ limits: { ...LIMITS, ...limits }, keepMs: 0 });
  return told(await engine.run({ script, tools, callTool }, signal));
}
