import * as z from "zod";
import type { JsonObject } from "../jsonrpc/json.ts";
import { errorResult } from "../tools/tool-result.ts";

/** Arguments that were checked, or the answer that says what is wrong with them. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: JsonObject };

/** Check the arguments of one of the gateway's own tools. What a model gets wrong it is told, so that it can mend it. */
export function checkArguments<T>(schema: z.ZodType<T>, args: JsonObject): Checked<T> {
  const parsed = schema.safeParse(args);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  const name = issue?.path.map(String).join(".") ?? "";
  const missing = issue?.code === "invalid_type" && !(String(issue.path[0]) in args);
  return { ok: false, answer: errorResult(missing ? `Error: ${name} parameter is required` : `Error: ${name} parameter is invalid: ${issue?.message ?? "it breaks its schema"}`) };
}
