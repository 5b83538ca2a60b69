import * as z from "zod";
import { nearNames } from "./near-names.ts";

/** A strict object whose refusal of an unknown key names the key that was probably meant. */
export function strictShape<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? unknownKeys(issue.keys, Object.keys(shape)) : undefined),
  });
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const texts = keys.map((key) => {
    const near = nearNames(key, known);
    return `unknown key "${key}"${near.length === 0 ? `, known are ${known.join(", ")}` : `, nearest is "${near[0]}"`}`;
  });
  return texts.join("; ");
}

/** What a value is, in words of YAML. */
export function kindOf(value: unknown): string {
  if (value === null) return "nothing (null)";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "keys and values" : `a ${typeof value === "string" ? "text" : typeof value}`;
}
