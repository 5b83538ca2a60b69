import * as z from "zod";

/** A field that may be absent or null, with the sentence that the table of docs/docker-api.md has for it. */
export function field<T extends z.ZodType>(schema: T, means: string) {
  return schema
    .nullish()
    .transform((value) => value ?? undefined)
    .optional()
    .describe(means);
}

/**
 * A field of which only the values are accepted that change nothing, which clients send by themselves. Every other one
 * is refused with this reason. Nothing of it is ever passed on.
 */
export function only(harmless: readonly unknown[], reason: string) {
  const accepted = new Set(harmless.map((value) => JSON.stringify(value)));
  return z
    .unknown()
    .optional()
    .refine((value) => value === undefined || value === null || accepted.has(JSON.stringify(value)), { error: reason })
    .transform(() => undefined)
    .optional()
    .describe(`refused, but for what changes nothing: ${reason}`);
}

/** Text without control characters. */
export function text(max: number) {
  return z
    .string()
    .max(max)
    .regex(/^\P{Cc}*$/u, "no control characters");
}

/** Whole number within bounds. */
export function whole(min: number, max: number) {
  return z.int().min(min).max(max);
}

const PROTO = "__proto__";
const MAX_LABELS = 128;
/** Labels of sbx itself, which no client sets or sees. */
export const OWN_LABELS = "dev.sbx.";

/** Labels of a client. */
export const Labels = z
  .record(text(256).min(1), text(4096))
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, { error: `at most ${MAX_LABELS} labels` })
  .refine((labels) => Object.keys(labels).every((key) => !key.toLowerCase().startsWith(OWN_LABELS) && key !== PROTO), {
    error: `labels that begin with ${OWN_LABELS} are sbx's own; use another prefix`,
  });

/** Absolute path in a container, without dot segments. */
export const ContainerPath = text(4096).regex(/^(?!.*\/\.{1,2}(?:\/|$))\/[^:]*$/, "an absolute path without dot segments and colons");

/** What containers, volumes and networks may be called. */
export const ObjectName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, "a name has 1 to 128 letters, digits, dots, dashes or underscores and begins with a letter or digit");

/** Boolean of a query. */
export const Flag = z.enum(["", "0", "1", "true", "false", "True", "False"]).transform((value) => value === "1" || value === "true" || value === "True");

/** Whole number of a query. */
export const Count = z
  .string()
  .regex(/^-?\d{1,9}$/, "a whole number")
  .transform(Number);

/** Where a schema was not met, in one sentence with the name of the field. */
export function whyInvalid(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return "the request is refused";
  const place = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") return `${place === "" ? "the request" : place} has a field that is not known here: ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
  // Of a key that may not be: why, which is what its own schema says.
  const [ofKey] = issue.code === "invalid_key" ? issue.issues : [];
  return `${place === "" ? "the request" : place} is refused: ${(ofKey ?? issue).message}`;
}
