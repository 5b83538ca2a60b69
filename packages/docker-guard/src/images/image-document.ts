import { parseJsonBytes, JsonRefused } from "@sbx/contracts";
import type * as z from "zod";
import { printable, Refusal } from "../refusal.ts";

/** Read a document of an image that came from outside, in one way only. @throws Refusal 400 */
export function jsonOfBytes(bytes: Uint8Array, what: string): unknown {
  try {
    return parseJsonBytes(bytes);
  } catch (error) {
    if (error instanceof JsonRefused) throw new Refusal(400, `${printable(what)} is refused: ${error.message}`);
    throw error;
  }
}

/** Take of a document what its schema knows. @throws Refusal 400 with the first place that does not fit */
export function readAs<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const { data, success, error } = schema.safeParse(value);
  if (!success) throw new Refusal(400, `${what} is not as images have it: ${error.issues[0]?.path.join(".") ?? ""} ${error.issues[0]?.message ?? ""}`);
  return data;
}
