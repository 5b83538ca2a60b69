import type { EnabledServer, SandboxId } from "@sbx/contracts";
import type { ServerIdentity } from "@sbx/secret-injector";
import type { CatalogFiles } from "./catalogs/catalog-files.ts";
import type { CatalogService } from "./catalogs/catalog-service.ts";
import type { CatalogRegistry } from "./catalogs/catalog-registry.ts";
import type { GatewayPort } from "./gateway/gateway-port.ts";
import type { GatewayRuns } from "./gateway/gateway-runs.ts";
import type { ToolService } from "./gateway/tool-service.ts";
import type { ProjectFiles } from "./projects/project-files.ts";
import type { ProjectService } from "./projects/project-service.ts";
import type { ProfileService } from "./servers/profile-service.ts";
import type { ServerService } from "./servers/server-service.ts";
import type { EnabledFiles } from "./store/enabled-files.ts";
import type { McpState } from "./store/gateway-state.ts";
import type { ProfileFiles } from "./store/profile-files.ts";
import type { ServerRules } from "./store/server-rules.ts";
import type { Member } from "./store/server-set.ts";
import type { ServerSets } from "./store/server-sets.ts";

/** What the daemon keeps of MCP servers before any of them runs. */
export interface McpStore {
  readonly catalogs: CatalogFiles;
  readonly enabled: EnabledFiles;
  readonly profiles: ProfileFiles;
  readonly sets: ServerSets;
  readonly rules: ServerRules;
  /** What the person decided about servers that projects offer. */
  readonly projects: ProjectFiles;
  /** The gateway's own memory. */
  readonly state: McpState;
  /** A server as it is written into a profile. */
  readonly member: (server: EnabledServer) => Member;
  /** The server that a person means by a name, to whom secrets are bound. */
  identify(server: string): ServerIdentity | undefined;
  /** Forget everything of a sandbox that was removed. */
  forget(sandbox: SandboxId): void;
}

/** The services behind the routes of MCP servers. */
export interface McpParts {
  readonly store: McpStore;
  readonly catalogs: CatalogService;
  readonly registry: CatalogRegistry;
  readonly servers: ServerService;
  readonly profiles: ProfileService;
  readonly projects: ProjectService;
  readonly tools: ToolService;
  readonly gateway: GatewayPort;
  readonly runs: GatewayRuns;
  readonly token: () => string;
  readonly sandboxId: (ref: string) => SandboxId;
}
