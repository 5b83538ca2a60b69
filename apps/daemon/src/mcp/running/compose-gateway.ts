import path from "node:path";
import { mayWriteWorkspace, planServer } from "@sbx/catalog";
import { ServerPodId, type RecordEvent, type SandboxId, type ServerEntry } from "@sbx/contracts";
import { reapServers, ServerPods, type SandboxParts, type SandboxRecord, type ServerParts } from "@sbx/core";
import { readProxies, type WallOptions } from "@sbx/egress-proxy";
import { hostAuthorities } from "@sbx/images";
import { createCodeModeEngine, createGateway, createInterceptors, createTokenCounter, type GatewayOptions, type JsonObject, type ServerLists } from "@sbx/mcp-gateway";
import type { SecretKeeper } from "@sbx/secret-injector";
import type { DaemonConfig } from "../../config.ts";
import type { Log } from "../../log.ts";
import type { PolicyService } from "../../policy/policy-service.ts";
import { randomId } from "../../random-id.ts";
import { workspaceSeenBy } from "../../sandboxes/workspace-seen-by.ts";
import type { GatewayPort } from "../gateway/gateway-port.ts";
import type { McpStore } from "../mcp-parts.ts";
import { ListFiles } from "../store/list-files.ts";
import { LastLogs } from "../gateway/last-logs.ts";
import { createServerFiles } from "../../files/server-files.ts";
import { createGatewayPort } from "../gateway/create-gateway-port.ts";
import { createGatewayCatalog } from "../servers/gateway-catalog.ts";
import { createGatewayPolicy } from "../servers/gateway-policy.ts";
import { composePackages, type PackagesParts } from "./compose-packages.ts";
import { lookForChanges } from "./look-for-changes.ts";
import { createRemoteServers } from "./remote-servers.ts";
import { createImagePrograms, createPackagePrograms } from "./server-programs.ts";
import { ServerPreparations } from "./server-preparations.ts";
import { createServerRunner } from "./server-runner.ts";

export interface GatewayParts {
  readonly config: Pick<DaemonConfig, "environment" | "stateDirectory" | "owner" | "keepReady">;
  readonly scope: AsyncDisposableStack;
  readonly store: McpStore;
  readonly secrets: SecretKeeper;
  readonly parts: Pick<SandboxParts, "engine" | "images" | "files" | "ids">;
  /** The image in which packages of servers are installed and run. */
  readonly serverImages: PackagesParts["serverImages"];
  readonly network: ServerParts["network"];
  readonly policy: Pick<PolicyService, "ofServer" | "rules">;
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (id: SandboxId) => SandboxRecord;
  readonly workspace: ServerParts["workspace"];
  readonly record: RecordEvent;
  readonly log: Log;
}

/** The MCP gateway of a daemon: for sandboxes, for clients on the host, and what follows the life of sandboxes. */
export interface ComposedGateway {
  readonly serve: NonNullable<WallOptions["mcp"]>;
  readonly port: GatewayPort;
  /** Before anything is started: take away what an earlier daemon left. */
  reap(known: ReadonlySet<string>): Promise<void>;
  /** End what works for a sandbox that stops. */
  stopped(sandbox: SandboxId): Promise<void>;
  /** Remove what servers kept for a sandbox that is gone; what cannot be removed now goes when a daemon starts. */
  forget(sandbox: SandboxId): Promise<void>;
}

/** Put the gateway together. Nothing is started before it is used. */
export function composeGateway({ config, scope, store, secrets, parts, serverImages, network, policy, workspace, sandbox, record, log }: GatewayParts): ComposedGateway {
  const { engine } = parts;
  const podParts = podPartsOf({ config, parts, network, workspace, sandbox, record });
  const pods = scope.use(new ServerPods(podParts));
  const onFault = (error: unknown): void => log.error("gateway.failed", { error });
  const packages = composePackages({ config, engine, pods, serverImages, policy });
  const ofPackages = createPackagePrograms(packages);
  const programs = { image: createImagePrograms(engine, () => hostAuthorities(config.environment)), npm: ofPackages, pypi: ofPackages, bundle: ofPackages };
  const preparations = new ServerPreparations({ programs, record, now: () => performance.now() });
  const catalogOf = ({ name }: ServerEntry): string | undefined => store.catalogs.find(name)?.catalog;
  const environment = Object.fromEntries(Object.entries(config.environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const lastLogs = new LastLogs();
  const lists = scope.use(new ListFiles({ directory: path.join(config.stateDirectory, "mcp", "lists"), clean: withoutSecrets(), onFault }));
  const shared: Omit<GatewayOptions, "state" | "policy"> = {
    lists,
    asideDirectory: path.join(config.stateDirectory, "mcp", "aside"),
    catalog: createGatewayCatalog(store),
    runner: createServerRunner({
      pods,
      preparations,
      secrets,
      catalogOf,
      mayWrite: (entry, catalog, sandbox) => mayWriteWorkspace(store.rules.rules(sandbox), entry, { catalog }),
    }),
    remote: createRemoteServers({
      secrets,
      catalogOf,
      policyOf: ({ sandbox: owner, ...server }) => policy.ofServer({ ...server, purpose: "run", owner: owner === undefined ? undefined : () => sandbox(owner) }),
      record,
      world: { proxyFor: readProxies(config.environment) },
    }),
    record,
    keepLog: (server, text) => {
      lastLogs.put(server, text);
    },
    onFault,
    codeMode: scope.use(createCodeModeEngine()),
    tokens: scope.use(createTokenCounter()),
  };
  const ofSandboxes = scope.use(
    createGateway({
      ...shared,
      state: store.state,
      policy: createGatewayPolicy({ store, secrets, chosen: (caller) => store.state.chosen(caller) }),
      interceptors: createInterceptors({ blockSecrets: true, env: {} }),
    }),
  );
  const port = createGatewayPort({
    make: ({ chosen, ...own }) => createGateway({ ...shared, ...own, policy: createGatewayPolicy({ store, secrets, chosen }) }),
    ofSandboxes,
    state: store.state,
    record,
    find: (server) => store.catalogs.find(server)?.entry,
    env: environment,
    lastLog: (server) => lastLogs.get(server),
    preparing: () => preparations.current(),
    prepare: async (entry, serverConfig, signal) => void (await preparations.prepare(planServer(entry, serverConfig), { progress: () => undefined, signal })),
  });
  followPerson({ scope, store, secrets, port, onFault });
  return {
    serve: (sandbox, request, response) => ofSandboxes.handle(request, response, { kind: "sandbox", sandbox, scope: sandbox }),
    port,
    reap: async (known) => {
      await reapServers(podParts, known);
      await packages.sweep();
      await lists.sweep(known);
    },
    async stopped(sandbox) {
      await ofSandboxes.closeScope(sandbox);
      await pods.stopOf(sandbox);
    },
    async forget(sandbox) {
      lists.forget(sandbox);
      await pods.removeOf(sandbox).catch((error: unknown) => {
        log.warn("gateway.left-behind", { error });
      });
    },
  };
}

/** What servers say is kept without what looks like a secret, whoever listed it. */
function withoutSecrets(): (lists: ServerLists) => ServerLists {
  const guards = createInterceptors({ blockSecrets: true, env: {} });
  // An interceptor changes texts, and not what holds them.
  return (lists) => guards.reduce((left, guard) => guard.answer?.(left) ?? left, lists as unknown as JsonObject) as unknown as ServerLists;
}

interface Followed extends Pick<GatewayParts, "scope" | "store" | "secrets"> {
  readonly port: GatewayPort;
  readonly onFault: (error: unknown) => void;
}

/** Take over what a person changes while servers run: what is enabled, catalogs and rules, and the values of secrets. */
function followPerson({ scope, store: { enabled, catalogs, rules, projects }, secrets, port, onFault }: Followed): void {
  scope.use(lookForChanges({ stamp: () => [enabled, catalogs, rules, projects].map((one) => one.stamp()).join("\n"), onChange: async () => await port.refresh(), onFault }));
  // A server holds the values that it was started with: a new value, or none, makes a new start.
  scope.defer(
    secrets.onChanged((name) => {
      const users = port.instances().filter(({ server }) => catalogs.find(server)?.entry.secrets.some((secret) => secret.name === name) === true);
      for (const server of new Set(users.map((one) => one.server))) port.restart(server).catch(onFault);
    }),
  );
}

/** What servers' pods are made of in this daemon. */
function podPartsOf({ config, parts, network, workspace, sandbox, record }: Pick<GatewayParts, "config" | "parts" | "network" | "workspace" | "sandbox" | "record">): ServerParts {
  const { engine, images } = parts;
  const files = createServerFiles(config.stateDirectory, parts.files);
  const workspaceOf: ServerParts["workspaceOf"] = (id) => workspaceSeenBy(parts, sandbox(id));
  return { engine, images, network, files, workspace, workspaceOf, owner: config.owner, newId: () => ServerPodId.parse(randomId("mcp_")), record, spareGates: config.keepReady };
}
