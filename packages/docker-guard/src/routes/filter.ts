import { JsonRefused, parseJson } from "@sbx/contracts";
import * as z from "zod";
import { Refusal } from "../refusal.ts";
import { whyInvalid } from "./schema/field.ts";
import { filters } from "./schema/objects.ts";

/** Filters of a list: of each name any value fits; of labels all have to. */
export type Filters<Name extends string> = Readonly<Partial<Record<Name, readonly string[]>>>;

/** Schema of the parameter `filters` of a list that knows these names. */
export function filterParameter<const Name extends string>(names: readonly Name[]) {
  const schema = filters(names);
  return z
    .string()
    .max(16_384)
    .transform((text): Filters<Name> => {
      const { data, error, success } = schema.safeParse(text === "" ? {} : readJson(text));
      if (!success) throw new Refusal(400, `filters: ${whyInvalid(error)}`);
      return data;
    });
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonRefused) throw new Refusal(400, `filters are refused: ${error.message}`);
    throw error;
  }
}

/** Whether labels of the client's own fit: `key` or `key=value`, all of them. Labels of sbx are not among them, so that nothing is found by them. */
export function labelsFit(labels: Readonly<Record<string, string>>, wanted: readonly string[] = []): boolean {
  return wanted.every((one) => {
    const equals = one.indexOf("=");
    const name = equals === -1 ? one : one.slice(0, equals);
    return Object.hasOwn(labels, name) && (equals === -1 || labels[name] === one.slice(equals + 1));
  });
}

/** Whether a name fits: a part of it, or with `^` and `$` its beginning and end. No other pattern is known. */
export function nameFits(name: string, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.some((pattern) => fits(name, pattern));
}

function fits(name: string, pattern: string): boolean {
  const begin = pattern.startsWith("^");
  const end = pattern.endsWith("$");
  const bare = pattern.slice(begin ? 1 : 0, end ? -1 : undefined).replace(/^\//, "");
  if (begin && end) return name === bare;
  if (begin) return name.startsWith(bare);
  return end ? name.endsWith(bare) : name.includes(bare);
}

/** Whether a value is one of those wanted. */
export function isAmong(value: string, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.includes(value);
}
