import { RE2JS } from "re2js";
import type * as z from "zod";
import { CAPABILITIES, isKnownType } from "./capability-configs.ts";
import { checkDeclarations } from "./check-declarations.ts";
import { CapabilityEntry, CapabilityGroup, Descriptor, KitArg } from "./descriptor.ts";
import { expandReferences, waitsForEnvironment } from "./expand-references.ts";
import type { Declaration, Kit, KitCapability } from "./kit.ts";
import { readKitSource, type KitPath, type KitSource } from "./kit-source.ts";
import { kindOf } from "./strict-shape.ts";

/** How the reader of Kits speaks of what it reads. */
export interface ParseKitOptions {
  /** How the file is called in messages. */
  readonly file?: string;
  /** Values that a person gave for arguments; those of names that this Kit does not declare are not looked at. */
  readonly args?: Readonly<Record<string, string>>;
  /** The variables of the sandbox. Without them, what needs one is left unread. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Read a Kit's descriptor by the grammar of sandbox-kit-spec v3: strict keys, typed configurations of the capabilities
 * that sbx knows, groups, arguments with what was given for them or their defaults, how often each type may stand.
 *
 * @throws AppError `KIT_INVALID` with file, line and column, and the nearest key for one that is unknown. Nothing else.
 */
export function parseKit(text: string, { file = "kit.yaml", args: given = {}, env }: ParseKitOptions = {}): Kit {
  const source = readKitSource(text, file);
  const args = readArgs(source);
  const values = Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, valueOf(source, { name, arg, given })]));
  const expanded = expandDescriptor(source, values, env);
  const { capabilities, ...descriptor } = check(source, Descriptor, { value: expanded, at: [] });
  const declarations = capabilities.map((entry, index) => readDeclaration(source, entry, index));
  checkDeclarations(source, declarations, descriptor.kind);
  const named = (key: "env" | "buildArg"): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(args).flatMap(([name, arg]) => (arg[key] === undefined || values[name] === undefined ? [] : [[arg[key], values[name]] as const])));
  return { descriptor, declarations, argEnv: named("env"), buildArgs: named("buildArg"), lacksArgs: Object.keys(args).filter((name) => values[name] === undefined) };
}

function readArgs(source: KitSource): Readonly<Record<string, KitArg>> {
  const { value } = source;
  if (typeof value !== "object" || value === null || !("args" in value)) return {};
  return check(source, Descriptor.shape.args, { value: value.args, at: ["args"] });
}

interface Argument {
  readonly name: string;
  readonly arg: KitArg;
  readonly given: Readonly<Record<string, string>>;
}

/** What was given or else the default, by the argument's own rules. A message never holds a value. */
function valueOf(source: KitSource, { name, arg, given }: Argument): string | undefined {
  const { default: standard, enum: choices, pattern } = arg;
  const asked = Object.hasOwn(given, name) ? given[name] : undefined;
  for (const [text, what, at] of [[standard, "the default", ["args", name, "default"]] as const, [asked, `the value given for "${name}"`, ["args", name]] as const]) {
    if (text === undefined) continue;
    if (choices !== undefined && !choices.includes(text)) throw source.refuse(at, `${what} is none of the enum`);
    if (pattern !== undefined && !matches(source, name, { pattern, text })) throw source.refuse(at, `${what} does not match the pattern`);
  }
  return asked ?? standard;
}

function matches(source: KitSource, name: string, { pattern, text }: { readonly pattern: string; readonly text: string }): boolean {
  try {
    // As the format says, and in no more time than pattern and text are long, whoever wrote the pattern.
    return RE2JS.compile(pattern).matcher(text).matches();
  } catch {
    throw source.refuse(["args", name, "pattern"], "the pattern is no regular expression");
  }
}

function expandDescriptor(source: KitSource, args: Readonly<Record<string, string | undefined>>, env: Readonly<Record<string, string>> | undefined): unknown {
  const { value } = source;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === "args" ? item : expandReferences(item, { args, env, refuse: source.refuse, path: [key] })]));
}

function readDeclaration(source: KitSource, entry: unknown, index: number): Declaration {
  const at: KitPath = ["capabilities", index];
  const path = `capabilities[${index}]`;
  if (typeof entry === "object" && entry !== null && "group" in entry) {
    const { group, source: declared } = check(source, CapabilityGroup, { value: entry, at });
    const members = group.capabilities.map((member, place) => readCapability(source, member, { at: [...at, "group", "capabilities", place], path: `${path}.group.capabilities[${place}]` }));
    return { path, name: group.name, source: declared, optional: group.optional, members };
  }
  const { optional, ...capability } = check(source, CapabilityEntry, { value: entry, at });
  return { path, name: capability.name, source: capability.source, optional, members: [readCapability(source, capability, { at, path })] };
}

type Entry = Omit<z.output<typeof CapabilityEntry>, "optional">;

function readCapability(source: KitSource, { type, name, config, source: declared }: Entry, { at, path }: { readonly at: KitPath; readonly path: string }): KitCapability {
  const common = { type, name, path, source: declared };
  if (!isKnownType(type) || waitsForEnvironment(config)) return { known: false, ...common, config };
  const schema = CAPABILITIES[type].config;
  if (schema === undefined) {
    if (config !== undefined) throw source.refuse([...at, "config"], `${type} has no configuration`);
    return { known: true, ...common, config } as KitCapability;
  }
  if (config === undefined) throw source.refuse(at, `${type} needs a config`);
  // The compiler cannot follow that type and configuration come from the same row of the table.
  return { known: true, ...common, config: check<z.ZodType>(source, schema, { value: config, at: [...at, "config"] }) } as KitCapability;
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
