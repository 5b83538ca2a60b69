import path from "node:path";
import { AppError, ServerPodId, type RecordEvent, type SandboxId } from "@sbx/contracts";
import { reapServers, ServerPods, type SandboxParts, type ServerParts } from "@sbx/core";
import { createSystemAddresses, type WallOptions } from "@sbx/egress-proxy";
import { createCodeModeEngine, createGateway, createInterceptors, createTokenCounter, type GatewayOptions, type RemoteServers } from "@sbx/mcp-gateway";
import { packageIndexes, type ImageMaker } from "@sbx/images";
import type { SecretKeeper } from "@sbx/secret-injector";
import { ServerPackages } from "@sbx/server-packages";
import type { DaemonConfig } from "../../config.ts";
import type { Log } from "../../log.ts";
import { randomId } from "../../random-id.ts";
import type { GatewayPort } from "../gateway/gateway-port.ts";
import type { McpStore } from "../mcp-parts.ts";
import { createServerFiles } from "../server-files.ts";
import { createGatewayPort } from "../gateway/create-gateway-port.ts";
import { createGatewayCatalog } from "../servers/gateway-catalog.ts";
import { createGatewayPolicy } from "../servers/gateway-policy.ts";
import { createImagePrograms, createPackagePrograms } from "./server-programs.ts";
import { createInstallRules } from "../run/install-rules.ts";
import { readBundleFile } from "./read-bundle-file.ts";
import { createServerRunner } from "./server-runner.ts";

export interface GatewayParts {
  readonly config: Pick<DaemonConfig, "environment" | "stateDirectory" | "owner">;
  readonly scope: AsyncDisposableStack;
  readonly store: McpStore;
  readonly secrets: SecretKeeper;
  readonly parts: Pick<SandboxParts, "engine" | "files">;
  readonly images: () => Promise<ImageMaker>;
  readonly network: ServerParts["network"];
  readonly workspace: ServerParts["workspace"];
  readonly workspaceOf: ServerParts["workspaceOf"];
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
  /** Begin to remove what servers kept for a sandbox that is gone; what cannot be removed now goes when a daemon starts. */
  forget(sandbox: SandboxId): void;
}

/** Put the gateway together. Nothing is started before it is used. */
export function composeGateway({ config, scope, store, secrets, parts, images, network, workspace, workspaceOf, record, log }: GatewayParts): ComposedGateway {
  const { engine } = parts;
  const files = createServerFiles(config.stateDirectory, parts.files);
  const podParts: ServerParts = { engine, images, network, files, workspace, workspaceOf, owner: config.owner, newId: () => ServerPodId.parse(randomId("mcp_")), record };
  const pods = scope.use(new ServerPods(podParts));
  const onFault = (error: unknown): void => {
    log.error("gateway.failed", { error });
  };
  const environment = Object.fromEntries(Object.entries(config.environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const packages = new ServerPackages({
    engine,
    pods,
    image: async (progress, signal) => (await images()).servers(progress, signal),
    indexes: (signal) => packageIndexes(config.environment, signal),
    reach: createInstallRules({ own: createSystemAddresses() }),
    fetchBundle: readBundleFile,
    lockDirectory: path.join(config.stateDirectory, "mcp", "locks"),
    owner: config.owner,
    now: () => new Date(),
  });
  const ofPackages = createPackagePrograms(packages);
  const shared: Omit<GatewayOptions, "state" | "policy"> = {
    catalog: createGatewayCatalog(store),
    runner: createServerRunner({
      pods,
      programs: { image: createImagePrograms(engine), npm: ofPackages, pypi: ofPackages, bundle: ofPackages },
      secrets,
      catalogOf: ({ name }) => store.catalogs.find(name)?.catalog,
    }),
    remote: unreachable,
    record,
    onFault,
    codeMode: scope.use(createCodeModeEngine()),
    tokens: scope.use(createTokenCounter()),
  };
  const ofSandboxes = scope.use(
    createGateway({
      ...shared,
      state: store.state,
      policy: createGatewayPolicy({ store, secrets, chosen: () => store.enabled.servers() }),
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
  });
  // A server holds the values that it was started with: a new value, or none, makes a new start.
  scope.defer(
    secrets.onChanged((name) => {
      const users = port.instances().filter(({ server }) => store.catalogs.find(server)?.entry.secrets.some((secret) => secret.name === name) === true);
      for (const server of new Set(users.map((one) => one.server))) port.restart(server).catch(onFault);
    }),
  );
  return {
    serve: (sandbox, request, response) => ofSandboxes.handle(request, response, { kind: "sandbox", sandbox, scope: sandbox }),
    port,
    reap: async (known) => {
      await reapServers(podParts, known);
      await packages.sweep();
    },
    async stopped(sandbox) {
      await ofSandboxes.closeScope(sandbox);
      await pods.stopOf(sandbox);
    },
    forget: (sandbox) => {
      pods.removeOf(sandbox).catch((error: unknown) => {
        log.warn("gateway.left-behind", { error });
      });
    },
  };
}

const unreachable: RemoteServers = {
  connect: ({ entry }) =>
    Promise.reject(
      new AppError("PLATFORM_UNSUPPORTED", {
        message: `Server "${entry.name}" runs elsewhere, and this version reaches no such server`,
        fix: "Use an entry that runs here: an image, or a package of npm or PyPI.",
      }),
    ),
};
