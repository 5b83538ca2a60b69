import { plainText } from "./plain-text.ts";

const MOST_DEPTH = 4;
const MOST_MEMBERS = 60;
const MOST_COMMENT = 300;
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const PRIMITIVES: ReadonlyMap<unknown, string> = new Map([
  ["string", "string"],
  ["number", "number"],
  ["integer", "number"],
  ["boolean", "boolean"],
  ["null", "null"],
]);

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);
/** One line, and nothing that ends the comment or the string it stands in. */
const inline = (text: string, most: number): string => plainText(text, most).replaceAll(/\s+/g, " ").replaceAll("*/", "* /").trim();

/**
 * Write a JSON Schema as a type in the manner of TypeScript, for a model to read. Whatever the schema holds, the text is
 * short: what nests too deep, is too much or makes no sense is `unknown`. References inside the schema are followed.
 */
export function typeFromSchema(schema: Schema): string {
  return new Writer(schema).type(schema, 0);
}

class Writer {
  readonly #root: Schema;
  /** Branching schemas stay short, however often they refer to themselves. */
  #left = 400;

  constructor(root: Schema) {
    this.#root = root;
  }

  type(schema: unknown, depth: number): string {
    this.#left -= 1;
    if (!isSchema(schema) || depth > MOST_DEPTH || this.#left < 0) return "unknown";
    const target = schema["$ref"];
    if (typeof target === "string") return this.type(this.#resolve(target), depth + 1);
    if ("const" in schema) return this.#literals([schema["const"]]);
    if (Array.isArray(schema["enum"])) return this.#literals(schema["enum"]);
    const choices = schema["anyOf"] ?? schema["oneOf"];
    if (Array.isArray(choices)) return this.#union(choices, depth);
    return this.#plain(schema, depth);
  }

  #plain(schema: Schema, depth: number): string {
    const { type } = schema;
    if (Array.isArray(type))
      return this.#union(
        type.map((one: unknown) => ({ ...schema, type: one })),
        depth,
      );
    if (type === "array") return `${bracketed(this.type(schema["items"], depth + 1))}[]`;
    if (type === "object" || isSchema(schema["properties"])) return this.#object(schema, depth);
    return PRIMITIVES.get(type) ?? "unknown";
  }

  #union(choices: readonly unknown[], depth: number): string {
    const types = new Set(choices.slice(0, MOST_MEMBERS).map((choice) => this.type(choice, depth + 1)));
    return types.size === 0 || types.has("unknown") ? "unknown" : [...types].join(" | ");
  }

  #literals(values: readonly unknown[]): string {
    const literals = values
      .slice(0, MOST_MEMBERS)
      .map((value) => (typeof value === "string" ? JSON.stringify(inline(value, 100)) : isSchema(value) || Array.isArray(value) ? "unknown" : String(value)));
    return [...literals, ...(values.length > MOST_MEMBERS ? ["unknown"] : [])].join(" | ");
  }

  #object(schema: Schema, depth: number): string {
    const properties = isSchema(schema["properties"]) ? Object.entries(schema["properties"]) : [];
    if (properties.length === 0) return isSchema(schema["additionalProperties"]) ? `Record<string, ${this.type(schema["additionalProperties"], depth + 1)}>` : "object";
    const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
    const indent = "  ".repeat(depth + 1);
    const lines = properties.slice(0, MOST_MEMBERS).map(([key, member]) => {
      const name = IDENTIFIER.test(key) ? key : JSON.stringify(inline(key, 100));
      return `${comment(member, indent)}${indent}${name}${required.has(key) ? "" : "?"}: ${this.type(member, depth + 1)};\n`;
    });
    if (properties.length > MOST_MEMBERS) lines.push(`${indent}// and ${properties.length - MOST_MEMBERS} more\n`);
    return `{\n${lines.join("")}${"  ".repeat(depth)}}`;
  }

  /** A pointer into the schema itself (`#/$defs/Name`); any other address is not looked at. */
  #resolve(pointer: string): unknown {
    if (!pointer.startsWith("#/")) return undefined;
    let at: unknown = this.#root;
    for (const part of pointer.slice(2).split("/", 20)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      at = isSchema(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }
    return at;
  }
}

function comment(member: unknown, indent: string): string {
  const text = isSchema(member) && typeof member["description"] === "string" ? inline(member["description"], MOST_COMMENT) : "";
  return text === "" ? "" : `${indent}/** ${text} */\n`;
}

const bracketed = (type: string): string => (type.includes(" | ") ? `(${type})` : type);
