import * as z from "zod";
import type { CodeModeLimits } from "./limits.ts";
import { jsonDepth } from "./json-depth.ts";

/** A tool that a script may call, as its server describes it. */
export interface CodeModeTool {
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON Schema of its arguments. Nobody has checked it. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

const Arguments = z.record(z.string(), z.unknown());
const Required = z.looseObject({ required: z.array(z.string()).catch([]) });

/** What a script wanted that cannot be; its text is what the script's exception says. */
export class ArgumentsRefused extends Error {}

/**
 * Read the arguments that a script made for a tool. A null that the tool does not require is left out, since scripts write
 * null for "not given" and servers refuse it.
 */
export function readArguments(tool: CodeModeTool, json: string, limits: CodeModeLimits): Readonly<Record<string, unknown>> {
  const bytes = Buffer.byteLength(json);
  if (bytes > limits.argumentBytes) throw new ArgumentsRefused(`the arguments are ${bytes} bytes of JSON, more than the ${limits.argumentBytes} that a call may have`);
  if (jsonDepth(json) > limits.argumentDepth) throw new ArgumentsRefused(`the arguments nest more than ${limits.argumentDepth} deep`);
  const parsed = Arguments.safeParse(parse(json));
  if (!parsed.success) throw new ArgumentsRefused("the arguments of a tool are one object");
  const { required } = Required.catch({ required: [] }).parse(tool.inputSchema);
  return Object.fromEntries(Object.entries(parsed.data).filter(([key, value]) => value !== null || required.includes(key)));
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
