import * as z from "zod";
import { SandboxRef } from "./ids.ts";
import {
  CatalogName,
  CatalogReference,
  CatalogView,
  ConfigChange,
  ConfigOfServers,
  GatewayOptions,
  ProfileView,
  ProjectOffer,
  SandboxServerRule,
  ServerDetail,
  ServerInstance,
  ServerUri,
  ServerView,
  ToolResult,
  ToolView,
} from "./mcp-views.ts";
import { Done, Nothing } from "./plain-shapes.ts";
import { route } from "./route.ts";
import { ServerEffect, ServerEntry, ServerName } from "./server.ts";

/** A set of servers by name; `default` is what is enabled. */
const Profile = ServerName.default("default");
const OfCatalog = z.strictObject({ catalog: CatalogName });
const OfProfile = z.strictObject({ profile: ServerName });
/** A document that the caller read from a file; longer ones are no catalogs. */
const Document = z.string().max(3_500_000);
const Names = z.array(ServerName).max(500);

const catalogs = {
  listCatalogs: route({ method: "GET", path: "/v1/mcp/catalogs", request: Nothing, response: z.array(CatalogView) }),
  showCatalog: route({ method: "GET", path: "/v1/mcp/catalogs/{catalog}", request: OfCatalog, response: z.object({ catalog: CatalogView, servers: z.array(ServerEntry) }) }),
  createCatalog: route({
    method: "POST",
    path: "/v1/mcp/catalogs",
    request: z.strictObject({
      name: CatalogName,
      title: z.string().min(1).max(200).optional(),
      servers: z.array(ServerUri).max(500).default([]),
      profile: ServerName.optional(),
      exclude: Names.default([]),
    }),
    response: CatalogView,
  }),
  removeCatalog: route({ method: "DELETE", path: "/v1/mcp/catalogs/{catalog}", request: OfCatalog, response: Done }),
  /** From the text of a file, or from an address that the daemon reads. With `dryRun` nothing is kept. */
  importCatalog: route({
    method: "POST",
    path: "/v1/mcp/imports",
    request: z.strictObject({ origin: z.string().min(1).max(2000), text: Document.optional(), name: CatalogName.optional(), dryRun: z.boolean().default(false) }),
    response: CatalogView,
  }),
  /** As text of Docker's catalog file, or as the document that a registry keeps. */
  exportCatalog: route({
    method: "GET",
    path: "/v1/mcp/catalogs/{catalog}/export",
    request: z.strictObject({ catalog: CatalogName, form: z.enum(["file", "registry"]).default("file") }),
    response: z.object({ text: z.string() }),
  }),
  copyCatalog: route({ method: "POST", path: "/v1/mcp/catalogs/{catalog}/copies", request: z.strictObject({ catalog: CatalogName, to: CatalogName }), response: CatalogView }),
  /** From the text of another catalog's file, or by address; an entry that is there is replaced with `force` only. */
  addToCatalog: route({
    method: "POST",
    path: "/v1/mcp/catalogs/{catalog}/servers",
    request: z.strictObject({ catalog: CatalogName, servers: z.array(ServerUri).max(500).default([]), text: Document.optional(), names: Names.optional(), force: z.boolean().default(false) }),
    response: z.object({ added: Names }),
  }),
  removeFromCatalog: route({
    method: "POST",
    path: "/v1/mcp/catalogs/{catalog}/removals",
    request: z.strictObject({ catalog: CatalogName, names: Names }),
    response: z.object({ removed: Names }),
  }),
  pullCatalog: route({ method: "POST", path: "/v1/mcp/pulls", request: z.strictObject({ reference: CatalogReference }), response: z.object({ catalog: CatalogView, notes: z.array(z.string()) }) }),
  pushCatalog: route({ method: "POST", path: "/v1/mcp/pushes", request: z.strictObject({ catalog: CatalogName }), response: z.object({ digest: z.string(), notes: z.array(z.string()) }) }),
} as const;

const servers = {
  listServers: route({ method: "GET", path: "/v1/mcp/servers", request: z.strictObject({ profile: Profile }), response: z.array(ServerView) }),
  searchServers: route({ method: "GET", path: "/v1/mcp/search", request: z.strictObject({ query: z.string().max(300) }), response: z.array(ServerEntry) }),
  inspectServer: route({ method: "GET", path: "/v1/mcp/servers/{server}", request: z.strictObject({ server: ServerName, profile: Profile }), response: ServerDetail }),
  /** By name from the catalogs, or by address: such a server is put into the person's own catalog first. */
  enableServers: route({
    method: "POST",
    path: "/v1/mcp/profiles/{profile}/servers",
    request: z.strictObject({ profile: ServerName, servers: z.array(ServerUri).min(1).max(500) }),
    response: z.object({ enabled: Names, notes: z.array(z.string()) }),
  }),
  /**
   * Bring what a server of a set is made of, start it once and read what it offers. Progress goes to the event stream as
   * `server.progress`. What it `lacks` keeps it from being tried.
   */
  prepareServer: route({
    method: "POST",
    path: "/v1/mcp/profiles/{profile}/servers/{server}/preparation",
    request: z.strictObject({ profile: ServerName, server: ServerName }),
    response: z.object({ tools: z.number().int().optional(), failed: z.string().optional(), lacks: z.array(z.string()) }),
  }),
  disableServers: route({
    method: "POST",
    path: "/v1/mcp/profiles/{profile}/removals",
    request: z.strictObject({ profile: ServerName, names: z.union([Names.min(1), z.literal("all")]) }),
    response: z.object({ disabled: Names }),
  }),
  /** What a person has said about servers, newest last. */
  listServerRules: route({ method: "GET", path: "/v1/mcp/rules", request: z.strictObject({ sandbox: SandboxRef.optional() }), response: z.array(SandboxServerRule) }),
  /** Say what becomes of a server when an agent adds it, in all sandboxes or in one; `none` takes back what was said. */
  ruleServer: route({
    method: "PUT",
    path: "/v1/mcp/rules/{server}",
    request: z.strictObject({ server: ServerName, effect: z.enum([...ServerEffect.options, "none"]), sandbox: SandboxRef.optional(), write: z.boolean().optional() }),
    response: Done,
  }),
} as const;

const tools = {
  /** `failed` are servers that did not start, and so offer nothing. */
  listTools: route({
    method: "GET",
    path: "/v1/mcp/tools",
    request: z.strictObject({ profile: Profile, servers: z.string().max(10_000).optional() }),
    response: z.object({ tools: z.array(ToolView), failed: z.array(z.object({ server: z.string(), reason: z.string() })) }),
  }),
  callTool: route({
    method: "POST",
    path: "/v1/mcp/tools/{tool}/calls",
    request: z.strictObject({ tool: z.string().min(1).max(200), arguments: z.record(z.string(), z.json()), profile: Profile, servers: z.string().max(10_000).optional() }),
    response: ToolResult,
  }),
  /** Offer tools of a server, or keep them back. Names are `server` and `tool`; `tool` absent means all of the server. */
  chooseTools: route({
    method: "POST",
    path: "/v1/mcp/profiles/{profile}/tools",
    request: z.strictObject({
      profile: ServerName,
      changes: z
        .array(z.strictObject({ server: ServerName.optional(), tool: z.string().max(128).optional(), offer: z.boolean() }))
        .min(1)
        .max(1000),
    }),
    response: z.object({ enabled: z.number().int(), disabled: z.number().int() }),
  }),
} as const;

const STATE_FILES = ["registry", "config", "tools"] as const;

const config = {
  readConfig: route({ method: "GET", path: "/v1/mcp/profiles/{profile}/config", request: OfProfile, response: ConfigOfServers }),
  /** All of the changes or none. A change without a value takes the key away. */
  editConfig: route({
    method: "POST",
    path: "/v1/mcp/profiles/{profile}/config",
    request: z.strictObject({ profile: ServerName, changes: z.array(ConfigChange).min(1).max(500) }),
    response: ConfigOfServers,
  }),
  /** Text of one of the files behind what is enabled, comments and all. */
  readStateFile: route({ method: "GET", path: "/v1/mcp/files/{file}", request: z.strictObject({ file: z.enum(STATE_FILES) }), response: z.object({ text: z.string() }) }),
  /** Replace files, all or none; each is checked first. */
  writeStateFiles: route({
    method: "PUT",
    path: "/v1/mcp/files",
    request: z.strictObject({ registry: Document.optional(), config: Document.optional(), tools: Document.optional() }),
    response: Done,
  }),
} as const;

const profiles = {
  listProfiles: route({ method: "GET", path: "/v1/mcp/profiles", request: Nothing, response: z.array(ProfileView) }),
  createProfile: route({
    method: "POST",
    path: "/v1/mcp/profiles",
    request: z.strictObject({ name: z.string().min(1).max(200), id: ServerName.optional(), servers: z.array(ServerUri).max(500).default([]) }),
    response: ProfileView,
  }),
  showProfile: route({ method: "GET", path: "/v1/mcp/profiles/{profile}", request: OfProfile, response: ProfileView }),
  removeProfile: route({ method: "DELETE", path: "/v1/mcp/profiles/{profile}", request: OfProfile, response: Done }),
  /** From the text of a profile's file, YAML or JSON. */
  importProfile: route({
    method: "POST",
    path: "/v1/mcp/profile-imports",
    request: z.strictObject({ text: Document, force: z.boolean().default(false) }),
    response: ProfileView.extend({ notes: z.array(z.string()) }),
  }),
} as const;

/** A project by its directory, and the text of its file as the person's command read it. */
const ProjectFile = { workspace: z.string().startsWith("/").max(4096), text: Document };

const projects = {
  offerProject: route({ method: "POST", path: "/v1/mcp/project-offers", request: z.strictObject(ProjectFile), response: ProjectOffer }),
  /** Take over what a project offers, or say that it shall not be offered again: this content, by the beginning of its hash, and no other. */
  decideProject: route({
    method: "POST",
    path: "/v1/mcp/project-decisions",
    request: z.strictObject({ ...ProjectFile, sha256: z.string().regex(/^[0-9a-f]{12,64}$/), decision: z.enum(["activate", "decline"]) }),
    response: ProjectOffer,
  }),
  /** Take back what was taken over for a project. */
  leaveProject: route({ method: "POST", path: "/v1/mcp/project-removals", request: z.strictObject({ workspace: ProjectFile.workspace }), response: z.object({ left: z.boolean() }) }),
} as const;

const running = {
  listInstances: route({ method: "GET", path: "/v1/mcp/instances", request: Nothing, response: z.array(ServerInstance) }),
  /** What the server wrote on its standard error, newest last, at most 256 KiB. */
  serverLogs: route({ method: "GET", path: "/v1/mcp/instances/{server}/logs", request: z.strictObject({ server: ServerName }), response: z.object({ text: z.string() }) }),
  /** End every instance of a server; the next call starts it anew. */
  restartServer: route({ method: "POST", path: "/v1/mcp/instances/{server}/restart", request: z.strictObject({ server: ServerName }), response: z.object({ ended: z.number().int() }) }),
  /** Prepare a gateway; it starts when its stream (`STREAMS.gateway`) is opened, and ends with it. */
  openGateway: route({ method: "POST", path: "/v1/mcp/gateways", request: GatewayOptions, response: z.object({ gateway: z.string() }) }),
  /** The token that clients on the host show, for a person to copy. */
  gatewayToken: route({ method: "GET", path: "/v1/mcp/token", request: Nothing, response: z.object({ token: z.string() }) }),
} as const;

/** The routes of MCP servers: catalogs, what is enabled, profiles, tools, what runs. */
export const mcpApi = { ...catalogs, ...servers, ...tools, ...config, ...profiles, ...projects, ...running } as const;
