/** What a profile learns of the sandbox that it is used in. */
export interface ProfileFacts {
  /** Absolute path, as it is chosen by whoever named the directory: any character may be in it. */
  readonly workspace: string;
  /** Stands for the provider's key. */
  readonly placeholder: string;
  /** Stand for the secrets that are put on at hosts, by their services. */
  readonly placeholders: Readonly<Record<string, string>>;
  /** Address of the sandbox's model service, without a slash at the end. */
  readonly modelUrl: string;
  /** Address of the sandbox's MCP gateway. */
  readonly mcpUrl: string;
}

const VALUES: Readonly<Record<string, (facts: ProfileFacts) => string>> = {
  workspace: ({ workspace }) => workspace,
  placeholder: ({ placeholder }) => placeholder,
  "placeholder.last20": ({ placeholder }) => placeholder.slice(-20),
  modelUrl: ({ modelUrl }) => modelUrl,
  mcpUrl: ({ mcpUrl }) => mcpUrl,
};

const REFERENCE = /\$\{([^}]*)\}/g;
const SAMPLE: ProfileFacts = { workspace: "/work", placeholder: "key", placeholders: {}, modelUrl: "http://model", mcpUrl: "http://mcp" };

/** What is wrong with a template; `undefined` when nothing is. */
export function checkTemplate(text: string): string | undefined {
  const unknown = [...text.matchAll(REFERENCE)].map(([, name = ""]) => name).find((name) => !Object.hasOwn(VALUES, name));
  return unknown === undefined
    ? undefined
    : `"\${${unknown}}" stands for nothing; known are ${Object.keys(VALUES)
        .map((name) => `\${${name}}`)
        .join(", ")}`;
}

/** The same for a file: one that ends in `.json` must also be JSON before and after its values are filled in. */
export function checkTemplateFile(path: string, content: string): string | undefined {
  const problem = checkTemplate(content);
  if (problem !== undefined || !path.endsWith(".json")) return problem;
  try {
    renderFile(path, content, SAMPLE);
    return undefined;
  } catch {
    return "the file ends in .json, but its content is no JSON";
  }
}

/** Fill in a text as it is. */
export function renderTemplate(text: string, facts: ProfileFacts): string {
  return fill(text, facts, (value) => value);
}

/**
 * Fill in a file. In JSON the values are put into strings that are read already, in TOML they are escaped as in a basic
 * string: a workspace whose name has quotes or line ends adds no key and no line.
 */
export function renderFile(path: string, content: string, facts: ProfileFacts): string {
  if (path.endsWith(".json")) return `${JSON.stringify(renderJson(JSON.parse(content), facts), undefined, 2)}\n`;
  return path.endsWith(".toml") ? fill(content, facts, tomlString) : renderTemplate(content, facts);
}

function fill(text: string, facts: ProfileFacts, write: (value: string) => string): string {
  return text.replaceAll(REFERENCE, (whole, name: string) => {
    const value = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
    return value === undefined ? whole : write(value(facts));
  });
}

/** Fill in every string of a JSON value, keys too; none of them can add a key or end a string. */
export function renderJson(value: unknown, facts: ProfileFacts): unknown {
  if (typeof value === "string") return renderTemplate(value, facts);
  if (Array.isArray(value)) return value.map((item) => renderJson(item, facts));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [renderTemplate(key, facts), renderJson(item, facts)]));
}

function tomlString(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replaceAll("\u007f", String.raw`\u007f`);
}
