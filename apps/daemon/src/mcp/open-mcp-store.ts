import path from "node:path";
import type { AppError, EnabledServer, RecordEvent, SandboxId } from "@sbx/contracts";
import { identifyServer } from "@sbx/secret-injector";
import type { DaemonConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { builtInCatalog } from "./catalogs/built-in-catalog.ts";
import { CatalogFiles } from "./catalogs/catalog-files.ts";
import type { McpStore } from "./mcp-parts.ts";
import { ProjectFiles } from "./projects/project-files.ts";
import { EnabledFiles } from "./store/enabled-files.ts";
import { createGatewayState } from "./store/gateway-state.ts";
import { profileMember } from "./store/profile-document.ts";
import { ProfileFiles } from "./store/profile-files.ts";
import type { ScopeStore } from "./store/scope-store.ts";
import { ServerRules } from "./store/server-rules.ts";
import type { Member } from "./store/server-set.ts";
import { createServerSets } from "./store/server-sets.ts";

interface OpenMcpStore {
  readonly config: Pick<DaemonConfig, "configDirectory">;
  readonly scopes: ScopeStore;
  readonly record: RecordEvent;
  readonly log: Log;
  readonly now: () => Date;
  /** The directory that a sandbox works in; `undefined` when there is no such sandbox. */
  readonly workspaceOf: (sandbox: SandboxId) => string | undefined;
}

/** Everything about MCP servers that outlives the daemon. Nothing is read before it is asked for. */
export function openMcpStore({ config, scopes, record, log, now, workspaceOf }: OpenMcpStore): McpStore {
  const directory = path.join(config.configDirectory, "mcp");
  const onBroken = ({ message }: AppError): void => {
    log.warn("mcp.file-broken", { problem: message });
    record({ type: "policy.changed", fields: { change: "broken", problem: message } });
  };
  const catalogs = new CatalogFiles({ directory, builtIn: builtInCatalog(), onBroken, now });
  const enabled = new EnabledFiles(directory, onBroken);
  const profiles = new ProfileFiles(path.join(directory, "profiles"), onBroken);
  const member = (server: EnabledServer): Member => ({ name: server.name, written: profileMember(server, catalogs.find(server.name)?.entry) });
  const rules = new ServerRules(directory, onBroken);
  const projects = new ProjectFiles(directory, onBroken);
  const state = createGatewayState({ enabled, profiles, scopes, ofProject: (sandbox) => serversOfProject({ projects, profiles }, workspaceOf(sandbox)) });
  return {
    catalogs,
    enabled,
    profiles,
    sets: createServerSets({ enabled, profiles }),
    rules,
    projects,
    state,
    member,
    identify(server) {
      const found = catalogs.find(server);
      return found === undefined ? undefined : identifyServer(found.entry, found.catalog);
    },
    forget(sandbox) {
      state.forgetSandbox(sandbox);
      rules.forgetSandbox(sandbox);
    },
  };
}

/** The servers that the person took over from the project in which a sandbox works. */
function serversOfProject({ projects, profiles }: Pick<McpStore, "projects" | "profiles">, workspace: string | undefined): readonly EnabledServer[] {
  const profile = workspace === undefined ? undefined : projects.active(workspace)?.profile;
  return profile === undefined || !profiles.has(profile) ? [] : profiles.set(profile).profile().servers;
}
