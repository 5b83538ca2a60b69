import * as z from "zod";
import { jsonDepth } from "../code-mode/json-depth.ts";
import { HookFailed } from "./hook.ts";
import type { ToolResult } from "./tool-call.ts";

const Meta = z.record(z.string(), z.json());
const Media = { data: z.string(), mimeType: z.string() };
const Block = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.literal("image"), ...Media }),
  z.looseObject({ type: z.literal("audio"), ...Media }),
  z.looseObject({ type: z.literal("resource"), resource: z.union([z.looseObject({ uri: z.string(), text: z.string() }), z.looseObject({ uri: z.string(), blob: z.string() })]) }),
  z.looseObject({ type: z.literal("resource_link"), uri: z.string(), name: z.string() }),
]);
/** A result that a hook puts in another's place: exactly what the protocol allows. */
const HookResult = z.looseObject({ content: z.array(Block), structuredContent: Meta.exactOptional(), isError: z.boolean().exactOptional(), _meta: Meta.exactOptional() });
const MOST_DEPTH = 128;

/** Read what a hook said; `undefined` when it said nothing, which passes. @throws HookFailed for what is no result */
export function readHookResult(output: string): ToolResult | undefined {
  if (output.trim() === "") return undefined;
  const parsed = HookResult.safeParse(parse(output));
  if (!parsed.success) throw new HookFailed("what it said is no result of a tool");
  return parsed.data;
}

function parse(output: string): unknown {
  try {
    return jsonDepth(output) > MOST_DEPTH ? undefined : JSON.parse(output);
  } catch {
    return undefined;
  }
}
