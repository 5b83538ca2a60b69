import { writeFileSync } from "node:fs";
import path from "node:path";
import { SandboxId, type EnabledServer } from "@sbx/contracts";
import { BUILT_IN_CATALOG } from "@sbx/catalog";
import type { Caller } from "@sbx/mcp-gateway";
import { describe, it } from "vitest";
import { createGatewayCatalog } from "../../../src/mcp/servers/gateway-catalog.ts";
import { createGatewayPolicy } from "../../../src/mcp/servers/gateway-policy.ts";
import { anMcpStore, catalogWith } from "../support/mcp-store.ts";

const sandbox = SandboxId.parse("sbx_00000001");
const agent: Caller = { kind: "sandbox", sandbox, scope: sandbox };
const client: Caller = { kind: "host", scope: "client" };

const TEAM = catalogWith({
  plain: { type: "server", image: "team/plain" },
  files: {
    type: "server",
    image: "team/files",
    volumes: ["{{files.paths|volume|into}}"],
    config: [{ name: "files", type: "object", properties: { paths: { type: "array", items: { type: "string" } } } }],
  },
});

function setup(chosen: readonly EnabledServer[] = []) {
  const { store, at } = anMcpStore();
  store.catalogs.put("team", TEAM, { displayName: "Team", url: "user" });
  const policy = createGatewayPolicy({ store, secrets: { missing: () => Promise.resolve([]) }, chosen: () => chosen });
  const entry = (name: string) => {
    const found = store.catalogs.find(name)?.entry;
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  return { store, at, policy, entry };
}

describe("who may use a server", () => {
  it("is asked of the person for a server of another catalog than the built-in one", ({ expect }) => {
    const { policy, entry } = setup();
    expect(policy.judge({ entry: entry("plain"), config: {}, caller: agent })).toMatchObject({ effect: "ask", fix: "sbx mcp server enable plain" });
  });

  it("is settled for what the person chose, with the person's own configuration and no other", ({ expect }) => {
    const { policy, entry } = setup([{ name: "files", config: { paths: ["/srv/data"] } }]);
    expect(policy.judge({ entry: entry("files"), config: { paths: ["/srv/data"] }, caller: agent })).toEqual({ effect: "allow" });
    expect(policy.judge({ entry: entry("files"), config: { paths: ["/etc"] }, caller: agent }).effect).toBe("ask");
  });

  it("is asked even where a rule allows the server, when an agent's configuration names a directory of the host", ({ expect }) => {
    const { store, policy, entry } = setup();
    store.rules.put({ effect: "allow", name: "files", catalog: "team" });
    expect(policy.judge({ entry: entry("files"), config: {}, caller: agent })).toEqual({ effect: "allow" });
    const verdict = policy.judge({ entry: entry("files"), config: { paths: ["/etc"] }, caller: agent });
    expect(verdict).toMatchObject({ effect: "ask", reason: expect.stringContaining('"/etc"') as unknown });
  });

  it("is asked of the person for a server that reaches every host, also one of the built-in catalog, unless the person said so", ({ expect }) => {
    const { store, entry } = setup();
    const open = { ...entry("plain"), name: "fetch", allowHosts: ["*:443"] };
    const shut = { ...entry("plain"), name: "docs", allowHosts: ["docs.example.org:443", "*.example.org:443"] };
    const catalogs = { find: (name: string) => [open, shut].filter((one) => one.name === name).map((one) => ({ entry: one, catalog: BUILT_IN_CATALOG }))[0] };
    const policyOf = (chosen: readonly EnabledServer[]) =>
      createGatewayPolicy({ store: { catalogs: catalogs as unknown as typeof store.catalogs, rules: store.rules }, secrets: { missing: () => Promise.resolve([]) }, chosen: () => chosen });
    const asked = policyOf([]).judge({ entry: open, config: {}, caller: agent });
    expect(asked).toEqual({ effect: "ask", reason: '"fetch" reaches every host, which its sandbox may not', fix: "sbx mcp server allow fetch" });
    expect(policyOf([]).judge({ entry: shut, config: {}, caller: agent })).toEqual({ effect: "allow" });
    expect(policyOf([]).judge({ entry: open, config: {}, caller: client })).toEqual({ effect: "allow" });
    expect(policyOf([{ name: "fetch", config: {} }]).judge({ entry: open, config: {}, caller: agent })).toEqual({ effect: "allow" });
    store.rules.put({ effect: "allow", name: "fetch" });
    expect(policyOf([]).judge({ entry: open, config: {}, caller: agent })).toEqual({ effect: "allow" });
  });

  it("is no for what a rule denies, chosen or not, and the agent cannot even find it", ({ expect }) => {
    const { store, policy, entry } = setup([{ name: "plain", config: {} }]);
    const catalog = createGatewayCatalog(store);
    expect(catalog.find("plain", agent)?.name).toBe("plain");
    store.rules.put({ effect: "deny", name: "plain", sandbox });
    expect(policy.judge({ entry: entry("plain"), config: {}, caller: agent }).effect).toBe("deny");
    expect(policy.judge({ entry: entry("plain"), config: {}, caller: client })).toEqual({ effect: "allow" });
    expect([catalog.find("plain", agent), catalog.search("plain", agent)]).toEqual([undefined, []]);
    expect(catalog.find("plain", client)?.name).toBe("plain");
  });

  it("is no for an entry that is not what a catalog says now", ({ expect }) => {
    const { policy, entry } = setup([{ name: "plain", config: {} }]);
    const evil = { ...entry("plain"), source: { kind: "image" as const, image: "evil/plain" } };
    expect(policy.judge({ entry: evil, config: {}, caller: agent }).effect).toBe("deny");
  });

  it("holds for another catalog's server of the same name only when that was allowed", ({ expect }) => {
    const { store, policy, entry } = setup();
    store.rules.put({ effect: "allow", name: "plain", catalog: "team" });
    expect(policy.judge({ entry: entry("plain"), config: {}, caller: agent }).effect).toBe("allow");
    store.catalogs.put("zz-later", catalogWith({ plain: { type: "server", image: "evil/plain" } }), { displayName: "Later", url: "user" });
    expect(policy.judge({ entry: entry("plain"), config: {}, caller: agent }).effect).toBe("ask");
  });

  it("is remembered for one client and exactly what its person agreed to", ({ expect }) => {
    const { policy, entry } = setup();
    const request = { entry: entry("files"), config: { paths: ["/srv"] }, caller: client };
    policy.agree(request);
    expect(policy.judge(request).effect).toBe("allow");
    expect(policy.judge({ ...request, config: { paths: ["/"] } }).effect).toBe("ask");
    expect(policy.judge({ ...request, caller: { kind: "host", scope: "other" } }).effect).toBe("ask");
    policy.agree({ ...request, caller: agent });
    expect(policy.judge({ ...request, caller: agent }).effect).toBe("ask");
  });

  it("is decided by nobody when the rules never could be read", ({ expect }) => {
    const { at, policy, entry } = setup([{ name: "plain", config: {} }]);
    writeFileSync(path.join(at, "rules.yaml"), "rules: deny everything\n");
    expect(() => policy.judge({ entry: entry("plain"), config: {}, caller: agent })).toThrow("rules.yaml:1");
  });
});
