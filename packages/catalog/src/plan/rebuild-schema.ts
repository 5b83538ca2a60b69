import { RE2JS } from "re2js";

const MAX_DEPTH = 13;
/** Of keywords' schemas and values of `enum` together. */
const MAX_NODES = 1000;
const MAX_PATTERN = 500;
const MAX_PATTERNS = 50;
/** Letters to match times instructions of the patterns: about a tenth of a second. */
const MAX_STEPS = 5_000_000;
const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);
const NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const COUNTS = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const SCHEMAS = ["not", "if", "then", "else", "items", "additionalProperties", "propertyNames", "contains"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];

/** A schema made anew of keywords that we know, for one configuration. */
export interface RebuiltSchema {
  readonly rebuilt: Readonly<Record<string, unknown>>;
  /** The pattern behind a keyword of the rebuilt schema, when one stands there. */
  readonly patternAt: (keywordLocation: string) => string | undefined;
}

/**
 * Make a stranger's JSON Schema anew: known keywords with values of the right kind, no references, bounded in size and
 * depth. Formats are notes, as the standard has them. A pattern becomes the list of the configuration's texts that it
 * does not match, found by a matcher of linear time, so that no pattern can hold up the daemon; one that this matcher
 * cannot read, or that would take long even so, is met by nothing.
 */
export function rebuildSchema(schema: unknown, config: unknown): RebuiltSchema {
  const texts = [...new Set(textsOf(config))];
  const patterns = new Map<string, string>();
  const letters = texts.reduce((sum, text) => sum + text.length + 1, 0);
  let nodes = 0;
  let steps = 0;

  const make = (value: unknown, at: string, depth: number): Record<string, unknown> | boolean => {
    nodes += 1 + (isRecord(value) && Array.isArray(value["enum"]) ? value["enum"].length : 0);
    // Beyond the bounds nothing is valid: a schema that is not looked at does not vouch for anything.
    if (typeof value === "boolean") return value;
    if (!isRecord(value) || nodes > MAX_NODES || depth > MAX_DEPTH) return false;
    const inner = (child: unknown, key: string) => make(child, `${at}/${key}`, depth + 1);
    return withPattern({ ...plainKeywords(value), ...innerSchemas(value, inner) }, value["pattern"], at);
  };

  const withPattern = (made: Record<string, unknown>, pattern: unknown, at: string): Record<string, unknown> => {
    if (typeof pattern !== "string") return made;
    const compiled = patterns.size < MAX_PATTERNS ? compile(pattern) : undefined;
    steps += compiled === undefined ? 0 : letters * compiled.programSize();
    const matcher = steps > MAX_STEPS ? undefined : compiled;
    const failing = { enum: texts.filter((text) => matcher?.matcher(text).find() !== true) };
    const all: readonly unknown[] = Array.isArray(made["allOf"]) ? made["allOf"] : [];
    patterns.set(`${at}/allOf/${all.length}/not`, pattern.slice(0, 100));
    return { ...made, allOf: [...all, { not: failing }] };
  };

  const made = make(schema, "#", 0);
  return { rebuilt: typeof made === "boolean" ? {} : made, patternAt: (location) => patterns.get(location) };
}

function plainKeywords(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const types = [value["type"]].flat().filter((type) => typeof type === "string" && TYPES.has(type));
  const numbers = NUMBERS.filter((key) => typeof value[key] === "number");
  const counts = COUNTS.filter((key) => Number.isSafeInteger(value[key]));
  const multiple = typeof value["multipleOf"] === "number" && value["multipleOf"] > 0 ? { multipleOf: value["multipleOf"] } : {};
  const required = Array.isArray(value["required"]) ? { required: value["required"].filter((key) => typeof key === "string") } : {};
  return {
    ...(types.length === 0 ? {} : { type: types }),
    ...Object.fromEntries([...numbers, ...counts].map((key) => [key, value[key]])),
    ...multiple,
    ...required,
    ...(Array.isArray(value["enum"]) ? { enum: value["enum"] } : {}),
    ...(Object.hasOwn(value, "const") ? { const: value["const"] } : {}),
    ...(value["uniqueItems"] === true ? { uniqueItems: true } : {}),
  };
}

type Inner = (child: unknown, key: string) => Record<string, unknown> | boolean;

function innerSchemas(value: Readonly<Record<string, unknown>>, inner: Inner): Record<string, unknown> {
  const single = SCHEMAS.filter((key) => isRecord(value[key]) || typeof value[key] === "boolean").map((key) => [key, inner(value[key], key)] as const);
  const lists = LISTS.flatMap((key) => {
    const list = value[key];
    return Array.isArray(list) && list.length > 0 ? [[key, list.map((child, index) => inner(child, `${key}/${index}`))] as const] : [];
  });
  const { properties } = value;
  const named = isRecord(properties) ? Object.entries(properties).filter(([key]) => key !== "__proto__") : [];
  const nested: Record<string, unknown> = Object.fromEntries<unknown>([...single, ...lists]);
  return {
    ...nested,
    ...(named.length === 0 ? {} : { properties: Object.fromEntries(named.map(([key, child]) => [key, inner(child, `properties/${pointer(key)}`)])) }),
  };
}

const pointer = (key: string): string => encodeURI(key.replaceAll("~", "~0").replaceAll("/", "~1"));

function compile(pattern: string): RE2JS | undefined {
  if (pattern.length > MAX_PATTERN) return undefined;
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isRecord(value) ? [...Object.keys(value), ...Object.values(value).flatMap(textsOf)] : [];
}
