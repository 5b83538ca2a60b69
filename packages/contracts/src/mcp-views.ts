import * as z from "zod";
import { SandboxId } from "./ids.ts";
import { EnabledServer, ServerConfig, ServerEntry, ServerName, ServerProfile, ServerRule } from "./server.ts";

/**
 * Name of a catalog: a plain name, or the reference under which a registry has it, such as `example.org/team/catalog:1`.
 * Up to 200 of letters, digits, `.`, `_`, `-`, `/`, `:`; no part between slashes is `.`, `..` or empty.
 */
export const CatalogName = z
  .string()
  .regex(
    /^(?=.{1,200}$)[A-Za-z0-9][A-Za-z0-9._:-]*(?:\/[A-Za-z0-9][A-Za-z0-9._:-]*)*$/,
    "a catalog's name has letters, digits, dots, dashes, underscores, and slashes and a colon as in a registry's reference",
  );

/** Where a registry has a catalog: a {@link CatalogName}, and the digest that it must have where one is written: `example.org/team/catalog:1@sha256:…`. */
export const CatalogReference = z
  .string()
  .max(300)
  .refine((text) => CatalogName.safeParse(text.replace(/@sha256:[0-9a-f]{64}$/, "")).success, "a catalog's reference is written HOST/PATH, HOST/PATH:TAG or HOST/PATH@sha256:DIGEST");

/** Where a person takes servers from: a name, `catalog://NAME/SERVER+SERVER`, `docker://IMAGE`, `npm:PACKAGE@VERSION`, `pypi:PACKAGE@VERSION`, `https://…`. */
export const ServerUri = z.string().min(1).max(2000);

/** One catalog as it is listed. */
export const CatalogView = z.object({
  name: CatalogName,
  title: z.string(),
  /** Where it came from: `built-in`, a file, an address, `oci:REFERENCE`, `catalog:NAME`, `user`. */
  origin: z.string(),
  updatedAt: z.string().optional(),
  servers: z.number().int(),
  /** Digest in the registry that it was pulled from or pushed to. */
  digest: z.string().optional(),
  /** What cannot be used of it, or why nothing of it can; with file and line. */
  problems: z.array(z.string()),
});
export type CatalogView = z.infer<typeof CatalogView>;

/** How far something that a server needs is there. */
export const Readiness = z.enum(["none", "required", "partial", "done"]);
export type Readiness = z.infer<typeof Readiness>;

/** One enabled server as it is listed. */
export const ServerView = z.object({
  name: ServerName,
  title: z.string().optional(),
  description: z.string(),
  /** Catalog that it comes from; absent when none has it any more. */
  catalog: CatalogName.optional(),
  secrets: Readiness,
  config: Readiness,
  oauth: Readiness,
  /** Why policy does not let it run. */
  denied: z.string().optional(),
});
export type ServerView = z.infer<typeof ServerView>;

/** Everything that is known of one server before it is started. */
export const ServerDetail = z.object({
  entry: ServerEntry,
  catalog: CatalogName,
  /** Its place in the set of servers that was asked about; absent when it is not enabled there. */
  enabled: EnabledServer.optional(),
  missingSecrets: z.array(z.object({ name: z.string(), fix: z.string() })),
});
export type ServerDetail = z.infer<typeof ServerDetail>;

/** A tool as the gateway offers it. Everything but the name is the server's own text. */
export const ToolView = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  inputSchema: z.record(z.string(), z.json()),
  annotations: z.looseObject({ title: z.string().optional() }).optional(),
});
export type ToolView = z.infer<typeof ToolView>;

/** What a call of a tool gave, as the server said it. */
export const ToolResult = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  isError: z.boolean().optional(),
  /** How long it took, in milliseconds. */
  tookMs: z.number().nonnegative(),
});
export type ToolResult = z.infer<typeof ToolResult>;

/** A named set of servers, in our words and in the form that Docker's tools read. */
export const ProfileView = z.object({ profile: ServerProfile, document: z.record(z.string(), z.json()) });
export type ProfileView = z.infer<typeof ProfileView>;

/** What a project's file of MCP servers offers, and what its person decided about exactly this content. Texts and names are the project's own. */
export const ProjectOffer = z.object({
  /** Of the file's content, in hexadecimal. */
  sha256: z.string(),
  /** `changed`: another content of the file is active. */
  state: z.enum(["new", "active", "declined", "changed"]),
  servers: z.array(
    z.object({
      name: ServerName,
      config: ServerConfig,
      /** The person's catalog that has it; else `entry` is what the project itself says, and without one it cannot be used. */
      catalog: CatalogName.optional(),
      entry: ServerEntry.optional(),
    }),
  ),
  notes: z.array(z.string()),
});
export type ProjectOffer = z.infer<typeof ProjectOffer>;

/** A server that runs now, or is on its way to, for one sandbox or one client on the host. */
export const ServerInstance = z.object({
  server: ServerName,
  sandbox: SandboxId.optional(),
  scope: z.string(),
  startedAt: z.iso.datetime(),
  calls: z.number().int().nonnegative(),
  /** What is done for it while it does not run yet. */
  step: z.string().optional(),
});
export type ServerInstance = z.infer<typeof ServerInstance>;

/** Which servers a gateway of the command line offers, and how. What a person writes as flags of `sbx mcp gateway run`. */
export const GatewayOptions = z.strictObject({
  transport: z.enum(["stdio", "sse", "streaming"]),
  /** Port on loopback; for stdio none. */
  port: z.number().int().min(1).max(65_535).optional(),
  profile: ServerName.optional(),
  /** These servers and no management tools, in place of what is enabled. */
  servers: z.array(ServerUri).max(500).optional(),
  allServers: z.boolean().default(false),
  /** Only servers of these catalogs. */
  catalogs: z.array(CatalogName).max(100).optional(),
  /** Texts of `registry.yaml`, `config.yaml` and `tools.yaml` in place of what is enabled; later ones over earlier ones. */
  files: z.strictObject({ registry: z.array(z.string()), config: z.array(z.string()), tools: z.array(z.string()) }).optional(),
  /** Patterns of tools to offer: `tool`, `server:tool`, `server:*`, `*`. None means all. */
  tools: z.array(z.string().min(1).max(300)).max(1000).default([]),
  token: z
    .string()
    .regex(/^[\x21-\x7e]{1,1000}$/, "a token has no blanks and no special characters")
    .optional(),
  allowUnauthenticated: z.boolean().default(false),
  logCalls: z.boolean().default(true),
  blockSecrets: z.boolean().default(true),
  /** `before|after:exec|http:ARGUMENT`: looks at each call, on this machine, with the person's rights. */
  interceptors: z.array(z.string().min(1).max(8192)).max(20).default([]),
  verbose: z.boolean().default(false),
  /** Say what would be offered and end. */
  dryRun: z.boolean().default(false),
});
export type GatewayOptions = z.infer<typeof GatewayOptions>;

/** One change of a server's configuration; `path` are the keys from the outside in. */
export const ConfigChange = z.strictObject({ server: ServerName, path: z.array(z.string().min(1).max(200)).min(1).max(20), value: z.json().optional() });
export type ConfigChange = z.infer<typeof ConfigChange>;

/** Configuration of every server of a set. */
export const ConfigOfServers = z.record(ServerName, ServerConfig);
export type ConfigOfServers = z.infer<typeof ConfigOfServers>;

/** A rule about servers, for all sandboxes of a person or for one of them. */
export const SandboxServerRule = ServerRule.extend({ sandbox: SandboxId.optional() });
export type SandboxServerRule = z.infer<typeof SandboxServerRule>;
