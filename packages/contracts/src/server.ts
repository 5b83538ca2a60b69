import * as z from "zod";

/** Name of an MCP server in a catalog: 1 to 100 of letters, digits, `-`, `_`, `.`, beginning with a letter or digit. */
export const ServerName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, "a server's name has 1 to 100 letters, digits, dashes, underscores or dots and begins with a letter or digit");

/** Name of an environment variable. */
const Variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);

/** A reference to an image: host, path, tag and digest, in the characters that engines take. */
const ImageReference = z
  .string()
  .max(500)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]{1,5})?(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/, "not a reference to an image");

/** Name of a program in a package. */
const Program = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, "not the name of a program");

/** Name of a package of npm, with its scope if it has one. */
const NpmPackage = z
  .string()
  .max(214)
  .regex(/^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/, "not the name of an npm package");

/** One version, not a range and no tag, by semver. */
const NpmVersion = z
  .string()
  .max(100)
  .regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/, "not an exact version, such as 1.2.3");

/** Name of a package of the Python index. */
const PypiPackage = z
  .string()
  .max(214)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/, "not the name of a Python package");

/** One version, not a range, by PEP 440. */
const PypiVersion = z
  .string()
  .max(100)
  .regex(/^(?:\d+!)?\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?(?:\+[a-z0-9]+(?:[._][a-z0-9]+)*)?$/, "not an exact version, such as 1.2.3");

/** Name and value of a header, which end where they end: no line break adds a second one. */
const HeaderName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, "not the name of a header");
const HeaderValue = z
  .string()
  .max(4096)
  .regex(/^[\t\x20-\x7e]*$/, "not the value of a header");

/** Where a server comes from, and so how it is run: in a pod of its own from an image or package, or elsewhere by URL. */
export const ServerSource = z.discriminatedUnion("kind", [
  /** A container image; a reference with a digest is run by it. */
  z.strictObject({ kind: z.literal("image"), image: ImageReference }),
  /** A package of the npm registry, by exact version. `program` names one of several programs. */
  z.strictObject({ kind: z.literal("npm"), package: NpmPackage, version: NpmVersion, program: Program.optional() }),
  /** A package of the Python index, by exact version. `program` names its console script where it is not the package's own name. */
  z.strictObject({ kind: z.literal("pypi"), package: PypiPackage, version: PypiVersion, program: Program.optional() }),
  /** An MCP bundle (`.mcpb`), by address (https) or path of a file, and the SHA-256 of its bytes in lower-case hex. */
  z.strictObject({ kind: z.literal("bundle"), from: z.string().regex(/^[\x21-\x7e][\x20-\x7e]{0,1999}$/, "not an address or path"), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** A server that somebody else runs. Values of `headers` may name the entry's own secrets as `${ENV}`. */
  z.strictObject({
    kind: z.literal("remote"),
    url: z.string().regex(/^https?:\/\/[\x21-\x7e]{1,1990}$/, "not an address that begins with https://"),
    transport: z.enum(["streamable-http", "sse"]),
    headers: z.record(HeaderName, HeaderValue).default({}),
  }),
]);
export type ServerSource = z.infer<typeof ServerSource>;

/** A secret that a server declares: its name in the vault, and the variable that holds it in the server's container. */
export const ServerSecret = z.strictObject({
  name: z.string().min(1).max(200),
  env: Variable,
  description: z.string().optional(),
  example: z.string().optional(),
  required: z.boolean().default(true),
});
export type ServerSecret = z.infer<typeof ServerSecret>;

/** A tool as a catalog tells of it, before the server was ever started. `tokens` is what its definition costs in a context. */
export const ServerTool = z.strictObject({ name: z.string().min(1).max(128), description: z.string().optional(), tokens: z.number().int().nonnegative().optional() });
export type ServerTool = z.infer<typeof ServerTool>;

/**
 * One server of a catalog, in our own words, whichever format it was read from. Templates (`{{server.key|volume}}`) stand
 * unevaluated in `command`, `volumes`, `env` and `user`; `$ENV` in a value of `env` names a secret of this entry.
 */
export const ServerEntry = z.strictObject({
  name: ServerName,
  title: z.string().max(200).optional(),
  description: z.string().max(10_000).optional(),
  icon: z.string().max(2000).optional(),
  readme: z.string().max(2000).optional(),
  source: ServerSource,
  /** Arguments of the server's program. */
  command: z.array(z.string().max(10_000)).max(200).default([]),
  /** `source:target[:ro]`, after evaluation. */
  volumes: z.array(z.string().max(4096)).max(50).default([]),
  user: z.string().max(100).optional(),
  extraHosts: z.array(z.string().max(300)).max(50).default([]),
  env: z
    .array(z.strictObject({ name: Variable, value: z.string().max(10_000) }))
    .max(200)
    .default([]),
  secrets: z.array(ServerSecret).max(50).default([]),
  /** JSON Schemas of the server's configuration; Docker's form: one object with `name`, `properties`, `required`. */
  config: z.array(z.record(z.string(), z.json())).max(20).default([]),
  oauth: z.strictObject({ providers: z.array(z.strictObject({ provider: z.string(), secret: z.string(), env: Variable })).max(10), scopes: z.array(z.string()).max(100).default([]) }).optional(),
  /** Destinations that it may reach: `host:port`. None means no network. */
  allowHosts: z.array(z.string().min(1).max(300)).max(200).default([]),
  disableNetwork: z.boolean().default(false),
  longLived: z.boolean().default(false),
  /** Put before the names of its tools, as `prefix__tool`. */
  prefix: z.string().max(60).optional(),
  tools: z.array(ServerTool).max(1000).default([]),
  metadata: z
    .strictObject({ category: z.string().optional(), tags: z.array(z.string()).default([]), license: z.string().optional(), owner: z.string().optional(), homepage: z.string().optional() })
    .prefault({}),
});
export type ServerEntry = z.infer<typeof ServerEntry>;

/** Configuration of one server as its user gave it; checked against the entry's schemas. */
export const ServerConfig = z.record(z.string(), z.json());
export type ServerConfig = z.infer<typeof ServerConfig>;

/**
 * One server of a profile or of what is enabled: its configuration, and which of its tools are offered (all when absent).
 * Those of an `unlisted` one can be called by name, and are not in the list of tools.
 */
export const EnabledServer = z.strictObject({ name: ServerName, config: ServerConfig.default({}), tools: z.array(z.string()).optional(), unlisted: z.boolean().optional() });
export type EnabledServer = z.infer<typeof EnabledServer>;

/** A named set of servers. */
export const ServerProfile = z.strictObject({ version: z.literal(1), id: ServerName, name: z.string().min(1).max(200), servers: z.array(EnabledServer).max(500) });
export type ServerProfile = z.infer<typeof ServerProfile>;

/** What a rule about servers does: let them be added, ask their person first, or refuse them. */
export const ServerEffect = z.enum(["allow", "ask", "deny"]);
export type ServerEffect = z.infer<typeof ServerEffect>;

/** A pattern of names in which `*` stands for any characters, none included. */
const NamePattern = z.string().regex(/^[A-Za-z0-9*][A-Za-z0-9_.*-]{0,99}$/, "a pattern has letters, digits, dashes, underscores, dots and stars");

/** One line of what governs servers: which of them it is about, by all that it names, and what becomes of them. */
export const ServerRule = z.strictObject({
  effect: ServerEffect,
  /** Id of the catalog, as the daemon calls it; never what a document says of itself. */
  catalog: NamePattern.optional(),
  name: NamePattern.optional(),
  kind: z.enum(["image", "npm", "pypi", "bundle", "remote"]).optional(),
  /** With `allow`: it may also write to the directories of the workspace that its configuration names. */
  write: z.boolean().optional(),
  /** Why it is there, for people. */
  note: z.string().max(300).optional(),
});
export type ServerRule = z.infer<typeof ServerRule>;
