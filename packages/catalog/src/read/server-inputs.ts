import type { EntryDraft } from "./check-entry.ts";
import type { Argument, InputVariable, NamedInput } from "./server-json-schema.ts";

type Secret = NonNullable<EntryDraft["secrets"]>[number];
type Property = Readonly<Record<string, string | boolean | string[]>>;

/** What the inputs of a `server.json` come to: values with templates, and the secrets and settings that they need. */
export interface ServerInputs {
  /** The value of a header or variable; `undefined` when nothing could ever stand there. */
  readonly value: (input: NamedInput) => string | undefined;
  /** The value of an argument, without its name. */
  readonly argument: (argument: Argument, place: number) => string | undefined;
  /** A text with `{name}` in it, such as an address. */
  readonly text: (text: string, variables: Readonly<Record<string, InputVariable>> | undefined) => string;
  readonly secrets: () => readonly Secret[];
  /** The schema of what a person sets, as entries have it. */
  readonly config: () => NonNullable<EntryDraft["config"]>;
}

/** Collects what one package or remote asks its user for. Secrets are called `<server>.<variable>`. */
export function createServerInputs(server: string): ServerInputs {
  const secrets = new Map<string, Secret>();
  const properties = new Map<string, Property>();
  const required = new Set<string>();

  const ask = (name: string, input: InputVariable): string => {
    if (input.isSecret === true) {
      const env = variableName(name);
      secrets.set(env, { name: `${server}.${name}`.slice(0, 200), env, required: input.isRequired === true, ...(input.description === undefined ? {} : { description: input.description }) });
      return `\${${env}}`;
    }
    const key = name.replaceAll(/[^A-Za-z0-9_-]/g, "_");
    properties.set(key, propertyOf(input));
    if (input.isRequired === true && input.default === undefined) required.add(key);
    // What would end the template is not put into it.
    const fallback = input.default === undefined || /[{}|[\]]/.test(input.default) ? "" : `|or:${input.default}`;
    return `{{${server}.${key}${fallback}}}`;
  };

  const text: ServerInputs["text"] = (value, variables) =>
    value.replaceAll(/\{([A-Za-z_][A-Za-z0-9_.-]{0,99})\}/g, (written, name: string) => {
      const variable = variables !== undefined && Object.hasOwn(variables, name) ? variables[name] : undefined;
      return variable === undefined ? written : (variable.value ?? ask(name, variable));
    });

  const valueOf = (name: string, input: InputVariable & { readonly variables?: Readonly<Record<string, InputVariable>> | undefined }): string =>
    input.value === undefined ? ask(name, input) : text(input.value, input.variables);

  return {
    value: (input) => valueOf(input.name, input),
    argument: (argument, place) => {
      const name = argument.valueHint ?? argument.name?.replace(/^-+/, "") ?? `argument${place + 1}`;
      // A flag without a value, as `--verbose`: there is nothing to ask for.
      const flag =
        argument.type === "named" && argument.value === undefined && argument.default === undefined && argument.valueHint === undefined && argument.isRequired !== true && argument.isSecret !== true;
      return flag && argument.description === undefined ? undefined : valueOf(name, argument);
    },
    text,
    secrets: () => [...secrets.values()],
    config: () => (properties.size === 0 ? [] : [{ name: server, type: "object", properties: Object.fromEntries(properties), ...(required.size === 0 ? {} : { required: [...required] }) }]),
  };
}

/** Of `X-API-Key`: `X_API_KEY`. */
export function variableName(name: string): string {
  const upper = name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
  return /^[0-9]/.test(upper) ? `_${upper}` : upper;
}

function propertyOf({ description, format, choices, default: value }: InputVariable): Property {
  return {
    type: format === "number" || format === "boolean" ? format : "string",
    ...(description === undefined ? {} : { description }),
    ...(choices.length === 0 ? {} : { enum: choices }),
    ...(value === undefined ? {} : { default: value }),
  };
}
