import type { ConfigChange, ToolResult, ToolView } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanLines, cleanText, escapeHidden } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { failureHint } from "./failure-hint.ts";
import { present } from "./present.ts";
import { withServerProgress } from "./server-progress.ts";

type JsonValue = NonNullable<ConfigChange["value"]> | null;

interface ToolOptions {
  readonly profile?: unknown;
  readonly format?: unknown;
  readonly json?: unknown;
  readonly gatewayArg?: unknown;
}

/** List the tools. */
export async function listTools(context: Context, options: ToolOptions): Promise<void> {
  const result = await toolsOf(context, options);
  await present(context.io, formatOf(options), { result, lines: (tools) => [`${tools.length} tools:`, ...tools.map((tool) => ` - ${cleanText(tool.name)} - ${summary(tool)}`)] });
}

/** Count the tools. */
export async function countTools(context: Context, options: ToolOptions): Promise<void> {
  const tools = await toolsOf(context, options);
  await present(context.io, formatOf(options), { result: { count: tools.length }, lines: ({ count }) => [`${count} tools`] });
}

/** Show one tool. */
export async function inspectTool(context: Context, name: string, options: ToolOptions): Promise<void> {
  const result = (await toolsOf(context, options)).find((tool) => tool.name === name);
  if (result === undefined) throw new AppError("TOOL_UNKNOWN", { message: `tool ${name} not found`, fix: "List the tools with: sbx mcp tools ls" });
  await present(context.io, formatOf(options), {
    result,
    lines: (tool) => [`Name: ${cleanText(tool.name)}`, `Description: ${cleanLines(tool.description ?? "")}`, "Arguments:", ...argumentLines(tool)],
  });
}

/** Call a tool. @returns the exit code: 1 when the tool itself failed */
export async function callTool(context: Context, { tool, args, ...options }: ToolOptions & { readonly tool: string; readonly args: readonly string[] }): Promise<number> {
  const values = Object.fromEntries(args.map(parseArgument));
  const selection = selectionOf(options);
  const connection = await context.daemon.connect();
  const result = await withServerProgress(context, connection, async () => await connection.client.callTool({ tool, arguments: values, ...selection }));
  await present(context.io, formatOf(options), { result, lines: callLines });
  return result.isError === true ? EXIT.no : EXIT.done;
}

function callLines({ content, tookMs, structuredContent }: ToolResult): readonly string[] {
  const texts = content.map(({ type, text }) => (text === undefined ? `[${cleanText(type)}]` : cleanLines(text)));
  const structured = texts.length === 0 && structuredContent !== undefined ? escapeHidden(JSON.stringify(structuredContent, null, 2)).split("\n") : [];
  return [`Tool call took: ${tookMs >= 1000 ? `${(tookMs / 1000).toFixed(3)}s` : `${tookMs.toFixed(3)}ms`}`, ...texts, ...structured];
}

/** Offer tools, or keep them back. */
export async function chooseTools(
  { daemon, io }: Context,
  tools: readonly string[],
  { server, profile = "default", offer }: { readonly server?: string; readonly profile?: string; readonly offer: boolean },
): Promise<void> {
  const { client } = await daemon.connect();
  const { enabled, disabled } = await client.chooseTools({ profile, changes: tools.map((tool) => ({ server, tool, offer })) });
  io.out(`${enabled} tool(s) enabled, ${disabled} tool(s) disabled\n`);
}

async function toolsOf(context: Context, options: ToolOptions): Promise<readonly ToolView[]> {
  const selection = selectionOf(options);
  const connection = await context.daemon.connect();
  const { tools, failed } = await withServerProgress(context, connection, async () => await connection.client.listTools(selection));
  for (const { server, reason } of failed) context.io.err(`sbx: ${cleanText(`${server} did not start: ${reason}${failureHint(server, reason)}`)}\n`);
  return tools;
}

/** What `--profile` and the arguments for Docker's gateway choose. */
function selectionOf({ profile, gatewayArg }: ToolOptions): { readonly profile?: string; readonly servers?: string } {
  const chosen: { profile?: string; servers?: string } = typeof profile === "string" ? { profile } : {};
  for (const argument of Array.isArray(gatewayArg) ? gatewayArg.map(String) : []) {
    const [, name, value] = /^--(servers|profile)=(.+)$/.exec(argument) ?? [];
    if (name === "servers" && value !== undefined) chosen.servers = value;
    else if (name === "profile" && value !== undefined) chosen.profile = value;
    else throw new AppError("USAGE", { message: `"${argument}" is for a gateway of its own, and here one runs already`, fix: "Use --gateway-arg=--servers=A,B or --gateway-arg=--profile=ID." });
  }
  return chosen;
}

function formatOf({ format, json }: ToolOptions): { readonly json?: true } {
  return json === true || format === "json" ? { json: true } : {};
}

/** `KEY=VALUE`; a value that is JSON is taken as such, so that numbers and lists can be given. */
function parseArgument(text: string): readonly [string, JsonValue] {
  const at = text.indexOf("=");
  if (at <= 0) throw new AppError("USAGE", { message: `"${text}" is no argument`, fix: "Write KEY=VALUE, for example: sbx mcp tools call echo message=hi" });
  return [text.slice(0, at), parseValue(text.slice(at + 1))];
}

/** A value as JSON when it is JSON, else as the text that it is. */
export function parseValue(text: string): JsonValue {
  try {
    // What JSON.parse gives is a JSON value by definition.
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** Its title, else the first sentence of its description. */
function summary({ title, annotations, description = "" }: ToolView): string {
  const named = title ?? annotations?.title;
  if (named !== undefined && named !== "") return cleanText(named);
  const line = description.split("\n").find((one) => one.trim() !== "") ?? "";
  return cleanText(/^.*?\.(?=\s|$)/.exec(line.trim())?.[0] ?? line.trim());
}

function argumentLines({ inputSchema }: ToolView): readonly string[] {
  const { properties, required } = inputSchema;
  if (typeof properties !== "object" || properties === null) return ["  none"];
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(properties).map(([name, schema]) => {
    const { type, description } = typeof schema === "object" && schema !== null && !Array.isArray(schema) ? schema : {};
    const kind = typeof type === "string" ? type : "any";
    return `  ${cleanText(name)} (${cleanText(kind)}${needed.includes(name) ? ", required" : ""})${typeof description === "string" ? `: ${cleanText(description)}` : ""}`;
  });
}
