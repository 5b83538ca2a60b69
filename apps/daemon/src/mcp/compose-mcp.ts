import path from "node:path";
import { AppError, type DaemonBeside, type RecordEvent, type SandboxId } from "@sbx/contracts";
import type { Engine } from "@sbx/core";
import type { SecretKeeper } from "@sbx/secret-injector";
import type { DaemonConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { randomId } from "../random-id.ts";
import { createCatalogRegistry } from "./catalogs/catalog-registry.ts";
import { CatalogService } from "./catalogs/catalog-service.ts";
import { createFetchText } from "./catalogs/fetch-text.ts";
import { createReadImage } from "./catalogs/image-servers.ts";
import { createWebDispatcher } from "../web/web-dispatcher.ts";
import { gatewayBase } from "./gateway/gateway-base.ts";
import type { GatewayPort } from "./gateway/gateway-port.ts";
import { GatewayRuns } from "./gateway/gateway-runs.ts";
import { hostToken, tokenText } from "./gateway/host-token.ts";
import { ToolService } from "./gateway/tool-service.ts";
import type { McpParts, McpStore } from "./mcp-parts.ts";
import { createCatalogTransport } from "./oci/catalog-transport.ts";
import { ProjectService } from "./projects/project-service.ts";
import { createServerFacts } from "./servers/catalog-facts.ts";
import { ProfileService } from "./servers/profile-service.ts";
import { ServerService } from "./servers/server-service.ts";

interface ComposeMcp {
  readonly config: DaemonConfig;
  readonly scope: AsyncDisposableStack;
  readonly store: McpStore;
  readonly engine: () => Promise<Engine>;
  readonly secrets: Pick<SecretKeeper, "missing" | "adopt">;
  /** The gateway that runs, or one that says that there is none. */
  readonly gateway: GatewayPort;
  readonly record: RecordEvent;
  readonly log: Log;
  readonly sandboxId: (ref: string) => SandboxId;
}

/** Put together what answers a person's commands about MCP servers. */
export function composeMcp({ config, scope, store, engine, secrets, gateway, record, log, sandboxId }: ComposeMcp): McpParts {
  const { catalogs: files, sets, profiles, rules } = store;
  const dispatcherOf = createWebDispatcher(config.environment, scope);
  const catalogs = new CatalogService({ files, sets, fetchText: createFetchText(dispatcherOf), readImage: createReadImage(engine) });
  const adopt: CatalogService["adopt"] = async (uris, signal) => await catalogs.adopt(uris, signal);
  const transport = createCatalogTransport({ dockerConfigDirectory: config.environment["DOCKER_CONFIG"] ?? path.join(config.home, ".docker"), dispatcherOf });
  const memberOf = (name: string): ReturnType<McpStore["member"]> => store.member({ name, config: {} });
  const newId = (): string => randomId("gw_");
  const now = (): number => performance.now();
  const tools = new ToolService({ gateway, sets, catalogs: files, newScope: newId, now });
  return {
    store,
    catalogs,
    registry: createCatalogRegistry({ files, catalogs, transport }),
    servers: new ServerService({ catalogs: files, adopt, sets, facts: createServerFacts(store, secrets), rules, member: memberOf, record }),
    profiles: new ProfileService({ sets, profiles, catalogs: files, adopt, member: memberOf, memberOf: store.member }),
    projects: new ProjectService(store),
    tools,
    gateway,
    runs: new GatewayRuns({
      gateway: config.beside === undefined ? gateway : { ...gateway, listen: refuseToListen(config.beside) },
      base: (options) => gatewayBase(options, { sets, catalogs: files }),
      adopt,
      listTools: async (base, signal) => await tools.listOf(base, signal, { hurry: true }),
      token: () => hostToken(config.stateDirectory),
      newId,
      now,
      onFault: (error) => {
        log.error("gateway.failed", { error });
      },
    }),
    token: () => tokenText(hostToken(config.stateDirectory)),
    sandboxId,
  };
}

/** This machine's clients do not get to the loopback of the engine's. */
function refuseToListen({ engine }: DaemonBeside): GatewayPort["listen"] {
  const problem = {
    message: `The container engine at ${engine} is not on this machine, and the gateway would listen on its own`,
    fix: "Have the client start it instead: sbx mcp gateway run (over standard input and output)",
  };
  return async () => Promise.reject(new AppError("ENGINE_ELSEWHERE", problem));
}
