import { createGateway, type Gateway } from "@sbx/mcp-gateway";
import { Secret } from "@sbx/secret-injector";
import { FakeEngine } from "@sbx/testing";
import { onTestFinished } from "vitest";
import { CatalogService } from "../../../src/mcp/catalogs/catalog-service.ts";
import { createReadImage } from "../../../src/mcp/catalogs/image-servers.ts";
import { createGatewayPort, type OwnParts } from "../../../src/mcp/gateway/create-gateway-port.ts";
import { gatewayBase } from "../../../src/mcp/gateway/gateway-base.ts";
import { GatewayRuns } from "../../../src/mcp/gateway/gateway-runs.ts";
import { LastLogs } from "../../../src/mcp/gateway/last-logs.ts";
import { ToolService } from "../../../src/mcp/gateway/tool-service.ts";
import type { Preparation } from "../../../src/mcp/running/server-preparations.ts";
import { createGatewayCatalog } from "../../../src/mcp/servers/gateway-catalog.ts";
import { createGatewayPolicy } from "../../../src/mcp/servers/gateway-policy.ts";
import { createEchoRunner } from "./echo-runner.ts";
import { anMcpStore, catalogWith } from "./mcp-store.ts";

/** The token that clients show in tests. */
export const TOKEN = "token-of-the-tests";

/** A person's side with a real gateway, whose servers run in this process. */
export function aPersonGateway() {
  const { store } = anMcpStore();
  store.catalogs.put(
    "team",
    catalogWith({ one: { type: "server", image: "team/one" }, two: { type: "server", image: "team/two", prefix: "second" }, never: { type: "server", image: "team/never" } }),
    { displayName: "Team", url: "user" },
  );
  const runner = createEchoRunner();
  const faults: unknown[] = [];
  const prepared: string[] = [];
  const lastLogs = new LastLogs();
  const preparing: Preparation[] = [];
  const make = ({ chosen, ...own }: Partial<OwnParts> & Pick<OwnParts, "chosen" | "state">): Gateway =>
    createGateway({
      catalog: createGatewayCatalog(store),
      policy: createGatewayPolicy({ store, secrets: { missing: () => Promise.resolve([]) }, chosen }),
      runner,
      remote: { connect: () => Promise.reject(new Error("nothing remote")) },
      record: () => undefined,
      onFault: (error) => faults.push(error),
      keepLog: (server, text) => {
        lastLogs.put(server, text);
      },
      ...own,
    });
  const ofSandboxes = make({ state: store.state, chosen: () => store.enabled.servers() });
  onTestFinished(async () => {
    await ofSandboxes[Symbol.asyncDispose]();
  });
  const find = (server: string) => store.catalogs.find(server)?.entry;
  const gateway = createGatewayPort({
    make,
    ofSandboxes,
    state: store.state,
    record: () => undefined,
    find,
    lastLog: (server) => lastLogs.get(server),
    prepare: async ({ name }) => void (await Promise.resolve(prepared.push(name))),
    preparing: () => preparing,
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const engine = new FakeEngine();
  const catalogs = new CatalogService({ files: store.catalogs, sets: store.sets, fetchText: () => Promise.reject(new Error("no web")), readImage: createReadImage(() => Promise.resolve(engine)) });
  let ids = 0;
  const newId = (): string => `gw_${(ids += 1)}`;
  const now = (): number => performance.now();
  const tools = new ToolService({ gateway, sets: store.sets, catalogs: store.catalogs, newScope: newId, now });
  const runs = new GatewayRuns({
    gateway,
    base: (options) => gatewayBase(options, store),
    adopt: async (uris, signal) => await catalogs.adopt(uris, signal),
    listTools: async (base, signal) => await tools.listOf(base, signal),
    token: () => new Secret(TOKEN),
    newId,
    now,
    onFault: (error) => faults.push(error),
  });
  return { store, runner, gateway, tools, runs, faults, engine, prepared, preparing };
}
