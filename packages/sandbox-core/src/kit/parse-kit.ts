import type * as z from "zod";
import { CAPABILITIES, isKnownType } from "./capability-configs.ts";
import { checkDeclarations } from "./check-declarations.ts";
import { CapabilityEntry, CapabilityGroup, Descriptor, KitArg } from "./descriptor.ts";
import { expandArgs } from "./expand-args.ts";
import type { Declaration, Kit, KitCapability } from "./kit.ts";
import { readKitSource, type KitPath, type KitSource } from "./kit-source.ts";
import { kindOf } from "./strict-shape.ts";

/** How the reader of Kits speaks of what it reads. */
export interface ParseKitOptions {
  /** How the file is called in messages. */
  readonly file?: string;
}

/**
 * Read a Kit's descriptor by the grammar of sandbox-kit-spec v3: strict keys, typed configurations of the capabilities
 * that sbx knows, groups, arguments with their defaults, how often each type may stand.
 *
 * @throws AppError `KIT_INVALID` with file, line and column, and the nearest key for one that is unknown. Nothing else.
 */
export function parseKit(text: string, { file = "kit.yaml" }: ParseKitOptions = {}): Kit {
  const source = readKitSource(text, file);
  const args = readArgs(source);
  const expanded = expandDescriptor(source, args);
  const { capabilities, ...descriptor } = check(source, Descriptor, { value: expanded, at: [] });
  const declarations = capabilities.map((entry, index) => readDeclaration(source, entry, index));
  checkDeclarations(source, declarations, descriptor.kind);
  const argEnv = Object.entries(args).flatMap(([, { env, default: value }]) => (env === undefined || value === undefined ? [] : [[env, value] as const]));
  return { descriptor, declarations, argEnv: Object.fromEntries(argEnv) };
}

function readArgs(source: KitSource): Readonly<Record<string, KitArg>> {
  const { value } = source;
  if (typeof value !== "object" || value === null || !("args" in value)) return {};
  const args = check(source, Descriptor.shape.args, { value: value.args, at: ["args"] });
  for (const [name, { default: text, enum: choices, pattern }] of Object.entries(args)) {
    if (text !== undefined && choices !== undefined && !choices.includes(text)) throw source.refuse(["args", name, "default"], "the default is none of the enum");
    if (text !== undefined && pattern !== undefined && !matches(source, name, { pattern, text })) throw source.refuse(["args", name, "default"], "the default does not match the pattern");
  }
  return args;
}

function matches(source: KitSource, name: string, { pattern, text }: { readonly pattern: string; readonly text: string }): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text.slice(0, 1000));
  } catch {
    throw source.refuse(["args", name, "pattern"], "the pattern is no regular expression");
  }
}

function expandDescriptor(source: KitSource, args: Readonly<Record<string, KitArg>>): unknown {
  const { value } = source;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === "args" ? item : expandArgs(item, { args, refuse: source.refuse, path: [key] })]));
}

function readDeclaration(source: KitSource, entry: unknown, index: number): Declaration {
  const at: KitPath = ["capabilities", index];
  const path = `capabilities[${index}]`;
  if (typeof entry === "object" && entry !== null && "group" in entry) {
    const { group } = check(source, CapabilityGroup, { value: entry, at });
    const members = group.capabilities.map((member, place) => readCapability(source, member, { at: [...at, "group", "capabilities", place], path: `${path}.group.capabilities[${place}]` }));
    return { path, optional: group.optional, members };
  }
  const { optional, ...capability } = check(source, CapabilityEntry, { value: entry, at });
  return { path, optional, members: [readCapability(source, capability, { at, path })] };
}

type Entry = Omit<z.output<typeof CapabilityEntry>, "optional">;

function readCapability(source: KitSource, { type, name, config }: Entry, { at, path }: { readonly at: KitPath; readonly path: string }): KitCapability {
  if (!isKnownType(type)) return { known: false, type, name, path, config };
  const schema = CAPABILITIES[type].config;
  if (schema === undefined) {
    if (config !== undefined) throw source.refuse([...at, "config"], `${type} has no configuration`);
    return { known: true, type, name, path, config } as KitCapability;
  }
  if (config === undefined) throw source.refuse(at, `${type} needs a config`);
  // The compiler cannot follow that type and configuration come from the same row of the table.
  return { known: true, type, name, path, config: check<z.ZodType>(source, schema, { value: config, at: [...at, "config"] }) } as KitCapability;
}

/** One thing that is wrong, at its place; a misspelled key first, because it makes the others. */
function check<Schema extends z.ZodType>(source: KitSource, schema: Schema, { value, at }: { readonly value: unknown; readonly at: KitPath }): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (issue === undefined) throw source.refuse(at, "this is not what belongs here");
  const key = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...at, ...issue.path, ...(key === undefined ? [] : [key])];
  throw source.refuse(path, `${shownPath([...at, ...issue.path])}${issueText(issue, valueAt(value, issue.path))}`);
}

const EXPECTED: Readonly<Record<string, string>> = { array: "a list", boolean: "true or false", number: "a number", object: "keys and values", record: "keys and values", string: "a text" };

function issueText(issue: z.core.$ZodIssue, found: unknown): string {
  if (issue.code === "invalid_type") return found === undefined ? "is missing" : `expected ${EXPECTED[issue.expected] ?? issue.expected}, found ${kindOf(found)}`;
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? "this key does not belong here";
  return issue.message.startsWith("Invalid") ? "is not in the form that belongs here" : issue.message;
}

function shownPath(path: KitPath): string {
  const text = path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .slice(1);
  return text === "" ? "" : `${text}: `;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, part) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, part) : undefined), value);
}
