import { Validator } from "@cfworker/json-schema";
import { AppError, type ServerConfig, type ServerEntry } from "@sbx/contracts";
import { printable } from "../document/printable.ts";
import { rebuildSchema } from "./rebuild-schema.ts";

const MAX_CONFIG_LENGTH = 64 * 1024;
const MAX_VALUES = 500;
const MAX_PROBLEMS = 20;

/** Something that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where: keys with dots between, empty for the configuration as a whole. */
  readonly key: string;
  readonly message: string;
}

/**
 * Check a server's configuration by its entry's schemas. A stranger wrote these: they are rebuilt from the keywords we
 * know, follow no reference, and their patterns are matched in linear time. No problem is a configuration that holds.
 */
export function checkConfig({ config: schemas }: Pick<ServerEntry, "config">, config: ServerConfig): readonly ConfigProblem[] {
  if (hasTooMuch(config)) return [{ key: "", message: `the configuration has more than ${MAX_VALUES} values` }];
  if (JSON.stringify(config).length > MAX_CONFIG_LENGTH) return [{ key: "", message: "the configuration is longer than 64 KiB" }];
  return problemsOf({ allOf: schemas.map((schema) => ({ type: "object", ...schema })) }, config).slice(0, MAX_PROBLEMS);
}

/** @throws AppError `CONFIG_INVALID` that lists every problem; `details` has them, and the schemas */
export function requireConfig(entry: ServerEntry, config: ServerConfig): void {
  const problems = checkConfig(entry, config);
  if (problems.length === 0) return;
  const shown = problems.map(({ key, message }) => (key === "" ? message : `${key}: ${message}`)).join("; ");
  throw new AppError("CONFIG_INVALID", {
    message: `The configuration of "${entry.name}" breaks its schema: ${shown}`,
    fix: `Set it as the schema of "${entry.name}" says.`,
    details: { server: entry.name, problems: problems.map((problem) => ({ ...problem })), schemas: entry.config.map((schema) => ({ ...schema })) },
  });
}

function problemsOf(schema: object, config: ServerConfig): readonly ConfigProblem[] {
  const { rebuilt, patternAt } = rebuildSchema(schema, config);
  const { errors } = new Validator(rebuilt, "2020-12", false).validate(bare(config));
  // A composite says only that a part of it failed; the part says why.
  const leaves = errors.filter(({ keyword }) => !["properties", "items", "additionalProperties", "allOf"].includes(keyword));
  return leaves.map(({ instanceLocation, keywordLocation, error }) => {
    const pattern = patternAt(keywordLocation);
    return { key: instanceLocation.replace(/^#\/?/, "").replaceAll("/", "."), message: printable(pattern === undefined ? error.replace(/\.$/, "") : `does not match the pattern ${pattern}`) };
  });
}

/** Counts without recursion: a value made to be deep ends here. */
function hasTooMuch(config: ServerConfig): boolean {
  const waiting: unknown[] = [config];
  for (let seen = 0; waiting.length > 0; seen += 1) {
    if (seen > MAX_VALUES) return true;
    const value = waiting.pop();
    if (typeof value === "object" && value !== null) for (const [, inner] of Object.entries(value).slice(0, MAX_VALUES + 1)) waiting.push(inner);
  }
  return false;
}

/** The same without prototypes, in whose names the library would find properties that nobody set. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  const made: unknown = Object.setPrototypeOf(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bare(item)])), null);
  return made;
}
