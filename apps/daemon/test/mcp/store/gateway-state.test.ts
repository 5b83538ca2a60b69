import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SandboxId, type EnabledServer } from "@sbx/contracts";
import type { Caller } from "@sbx/mcp-gateway";
import fc from "fast-check";
import { describe, it, onTestFinished } from "vitest";
import { EnabledFiles } from "../../../src/mcp/store/enabled-files.ts";
import { createGatewayState } from "../../../src/mcp/store/gateway-state.ts";
import { ProfileFiles } from "../../../src/mcp/store/profile-files.ts";
import { createRunState } from "../../../src/mcp/store/run-state.ts";
import { changesBetween, withChanges } from "../../../src/mcp/store/scope-changes.ts";
import { createScopeStore } from "../../../src/mcp/store/scope-store.ts";
import { openDatabase } from "../../../src/state/database.ts";
import { directory } from "../support/directory.ts";

const one: Caller = { kind: "sandbox", sandbox: SandboxId.parse("sbx_00000001"), scope: "sbx_00000001" };
const two: Caller = { kind: "sandbox", sandbox: SandboxId.parse("sbx_00000002"), scope: "sbx_00000002" };
const host: Caller = { kind: "host", scope: "host-1" };
const server = (name: string, over: Partial<EnabledServer> = {}): EnabledServer => ({ name, config: {}, ...over });
const names = (servers: readonly EnabledServer[]): readonly string[] => servers.map(({ name }) => name);

function setup(at = directory()) {
  const problems: string[] = [];
  const { database } = openDatabase(path.join(at, "sbx.db"), () => new Date());
  const close = (): void => {
    if (database.isOpen) database.close();
  };
  onTestFinished(close);
  const enabled = new EnabledFiles(at, ({ message }) => problems.push(message));
  const profiles = new ProfileFiles(path.join(at, "profiles"), ({ message }) => problems.push(message));
  const scopes = createScopeStore(database, () => undefined);
  return { at, problems, enabled, profiles, scopes, close, state: createGatewayState({ enabled, profiles, scopes, ofProject: () => [], maxAgentProfiles: 3 }) };
}

describe("the servers of a scope", () => {
  it("are those that the person enabled, until the scope changes something", ({ expect }) => {
    const { enabled, state } = setup();
    enabled.enable(["fetch", "time"]);
    expect(names(state.servers(one))).toEqual(["fetch", "time"]);
    state.put(one, [server("time"), server("github")]);
    expect(names(state.servers(one))).toEqual(["time", "github"]);
    expect(names(state.servers(two))).toEqual(["fetch", "time"]);
  });

  it("lose at once what the person disables, configured by the scope or not, and gain what is enabled", ({ expect }) => {
    const { enabled, state } = setup();
    enabled.enable(["fetch", "time"]);
    state.put(one, [server("fetch", { config: { a: 1 } }), server("time"), server("github")]);
    enabled.disable(["fetch", "time"]);
    enabled.enable(["memory"]);
    expect(names(state.servers(one))).toEqual(["memory", "github"]);
  });

  it("take configuration and tools from the files as they are now", ({ expect }) => {
    const { at, enabled, state } = setup();
    enabled.enable(["fetch"]);
    writeFileSync(path.join(at, "config.yaml"), "fetch:\n  depth: 2\n");
    writeFileSync(path.join(at, "tools.yaml"), "fetch: [get]\n");
    expect(state.servers(one)).toEqual([{ name: "fetch", config: { depth: 2 }, tools: ["get"] }]);
  });

  it("offer no tool more when the choice of tools breaks, and none at all when it was broken from the beginning", ({ expect }) => {
    const { at, enabled, state, problems } = setup();
    enabled.enable(["fetch"]);
    enabled.setTools(new Map([["fetch", ["get"]]]));
    expect(state.servers(one)[0]?.tools).toEqual(["get"]);
    writeFileSync(path.join(at, "tools.yaml"), "fetch: get\n");
    expect(state.servers(one)[0]?.tools).toEqual(["get"]);
    expect(problems).toEqual([expect.stringContaining('tools.yaml:1: "fetch" is left out')]);
    expect(() => setup(at).state.servers(one)).toThrow("tools.yaml:1");
  });

  it("outlive the daemon for a sandbox, and not for a client on the host", ({ expect }) => {
    const { at, state, close } = setup();
    state.put(one, [server("github")]);
    state.put(host, [server("github")]);
    close();
    const { state: later } = setup(at);
    expect(names(later.servers(one))).toEqual(["github"]);
    expect(names(later.servers(host))).toEqual([]);
    later.forgetSandbox(SandboxId.parse("sbx_00000001"));
    expect(names(later.servers(one))).toEqual([]);
  });

  it("of a command begin with what it names, see its edits, and are forgotten with the client", ({ expect }) => {
    const { state, profiles, enabled } = setup();
    enabled.enable(["fetch"]);
    profiles.write({ id: "work", name: "Work" }, [{ name: "time", written: { name: "time" } }]);
    const run = createRunState(state, () => profiles.set("work").profile().servers);
    expect(names(run.servers(host))).toEqual(["time"]);
    profiles.set("work").enable([{ name: "github", written: { name: "github" } }]);
    run.put(host, [server("github"), server("memory")]);
    expect(names(run.servers(host))).toEqual(["github", "memory"]);
    expect(names(run.servers({ kind: "host", scope: "host-2" }))).toEqual(["time", "github"]);
    expect(names(state.servers(host))).toEqual(["fetch"]);
    run.forget(host);
    expect(names(run.servers(host))).toEqual(["time", "github"]);
  });

  it("come out as they were put, whatever they are, while the base stays", ({ expect }) => {
    const servers = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-c]{1,2}$/), config: fc.dictionary(fc.constantFrom("x", "y"), fc.integer()) }), { selector: ({ name }) => name });
    fc.assert(
      fc.property(servers, servers, (base, wanted) => {
        const got = withChanges(base, changesBetween(base, wanted));
        const byName = (all: readonly EnabledServer[]) => all.toSorted((a, b) => a.name.localeCompare(b.name));
        expect(byName(got)).toEqual(byName(wanted));
      }),
    );
  });
});

describe("profiles", () => {
  it("of agents are found by the one that saved them, can be saved again, and are not many", ({ expect }) => {
    const { at, state } = setup();
    state.putProfile({ version: 1, id: "mine", name: "mine", servers: [server("time", { tools: [], config: { a: 1 } })] }, one);
    state.putProfile({ version: 1, id: "mine", name: "mine", servers: [server("fetch")] }, one);
    expect(state.profile("mine", one)?.servers).toEqual([server("fetch")]);
    expect([state.profile("mine", two), state.profile("mine", host)]).toEqual([undefined, undefined]);
    for (const id of ["p2", "p3"]) state.putProfile({ version: 1, id, name: id, servers: [] }, one);
    expect(() => state.putProfile({ version: 1, id: "p4", name: "p4", servers: [] }, one)).toThrow("There are 3 saved profiles already");
    state.putProfile({ version: 1, id: "p4", name: "p4", servers: [] }, two);
    expect(existsSync(path.join(at, "profiles"))).toBe(false);
  });

  it("of a sandbox go with it, and stay over the daemon's end", ({ expect }) => {
    const { at, state, close } = setup();
    for (const caller of [one, two]) state.putProfile({ version: 1, id: "mine", name: "mine", servers: [server("time")] }, caller);
    state.forgetSandbox(SandboxId.parse("sbx_00000001"));
    close();
    const { state: later } = setup(at);
    expect([later.profile("mine", one)?.id, later.profile("mine", two)?.id]).toEqual([undefined, "mine"]);
  });

  it("of the person and what is enabled cannot be changed by an agent", ({ expect }) => {
    const { at, enabled, profiles, state } = setup();
    enabled.enable(["fetch"]);
    profiles.write({ id: "work", name: "Work" }, []);
    const before = readFileSync(path.join(at, "profiles/work.yaml"), "utf8");
    for (const caller of [one, host])
      for (const id of ["default", "work"]) expect(() => state.putProfile({ version: 1, id, name: "x", servers: [server("evil")] }, caller)).toThrow("its person's own");
    expect(readFileSync(path.join(at, "profiles/work.yaml"), "utf8")).toBe(before);
    expect(names(state.servers(one))).toEqual(["fetch"]);
  });

  it("of the person go before those that an agent saved earlier under their name", ({ expect }) => {
    const { profiles, state } = setup();
    state.putProfile({ version: 1, id: "work", name: "x", servers: [server("evil")] }, one);
    profiles.write({ id: "work", name: "Work" }, [{ name: "time", written: { name: "time" } }]);
    expect(names(state.profile("work", one)?.servers ?? [])).toEqual(["time"]);
  });

  it.for(["../evil", "a/b", "..", ".", "", "default", "a\0b", ".hidden"])("are not written under the id %j", (id, { expect }) => {
    const { at, profiles } = setup();
    expect(() => {
      profiles.write({ id, name: "x" }, []);
    }).toThrow();
    expect(profiles.has(id)).toBe(false);
    expect(existsSync(path.join(at, "profiles"))).toBe(false);
    expect(existsSync(path.join(at, "evil.yaml"))).toBe(false);
  });

  it("as Docker exports them are read: null offers all tools, an empty list none, a snapshot names the server", ({ expect }) => {
    const { at, profiles, state } = setup();
    profiles.write({ id: "dev", name: "Dev" }, []);
    writeFileSync(
      path.join(at, "profiles/dev.yaml"),
      `# from Docker
version: 1
id: other-id
name: Dev
servers:
  - type: image
    image: mcp/fetch@sha256:${"a".repeat(64)}
    secrets: default
    config: { depth: 2 }
    tools: null
    snapshot: { server: { name: fetch, type: server, image: mcp/fetch } }
  - { type: image, image: mcp/time, tools: [], snapshot: { server: { name: time } } }
secrets: { default: { provider: docker-desktop-store } }
`,
    );
    expect(state.profile("dev", one)).toEqual({
      version: 1,
      id: "dev",
      name: "Dev",
      servers: [
        { name: "fetch", config: { depth: 2 } },
        { name: "time", config: {}, tools: [] },
      ],
    });
  });

  it("keep comments in an edit, and say the line of what is wrong", ({ expect }) => {
    const { at, profiles, state } = setup();
    const file = path.join(at, "profiles/dev.yaml");
    profiles.write({ id: "dev", name: "Dev" }, []);
    writeFileSync(file, "version: 1\nid: dev # mine\nname: Dev\nservers:\n  - name: fetch # one\n  - name: time\n");
    const set = profiles.set("dev");
    set.changeConfig([{ server: "time", path: ["zone", "name"], value: "UTC" }]);
    set.setTools(new Map([["fetch", ["get"]]]));
    set.disable(["nobody"]);
    expect(readFileSync(file, "utf8")).toBe(
      "version: 1\nid: dev # mine\nname: Dev\nservers:\n  - name: fetch # one\n    tools:\n      - get\n  - name: time\n    config:\n      zone:\n        name: UTC\n",
    );
    set.changeConfig([{ server: "time", path: ["zone", "name"] }]);
    set.disable(["fetch"]);
    expect(readFileSync(file, "utf8")).toBe("version: 1\nid: dev # mine\nname: Dev\nservers:\n  - name: time\n");
    writeFileSync(file, "version: 1\nid: dev\nname: Dev\nservers: time\n");
    expect(names(state.profile("dev", one)?.servers ?? [])).toEqual(["time"]);
    expect(() => {
      set.disable(["time"]);
    }).toThrow("dev.yaml:4");
  });
});

describe("the files of what is enabled", () => {
  it("are replaced all or none", ({ expect }) => {
    const { at, enabled } = setup();
    enabled.replace({ registry: "registry: {fetch: {ref: ''}}\n", config: "fetch: {a: 1}\n" });
    expect(() => {
      enabled.replace({ registry: "registry: {time: {ref: ''}}\n", tools: "- 1\n" });
    }).toThrow("tools.yaml:1");
    expect(readFileSync(path.join(at, "registry.yaml"), "utf8")).toContain("fetch");
    expect(enabled.servers()).toEqual([{ name: "fetch", config: { a: 1 } }]);
  });

  it("keep comments when a server comes and goes, and its configuration for the day it comes back", ({ expect }) => {
    const { at, enabled } = setup();
    writeFileSync(path.join(at, "registry.yaml"), "registry:\n  # search\n  fetch:\n    ref: ''\n");
    enabled.changeConfig([{ server: "fetch", path: ["depth"], value: 2 }]);
    enabled.enable(["time", "fetch"]);
    enabled.disable(["time"]);
    expect(readFileSync(path.join(at, "registry.yaml"), "utf8")).toBe("registry:\n  # search\n  fetch:\n    ref: ''\n");
    enabled.disable(["fetch"]);
    enabled.enable(["fetch"]);
    expect(enabled.servers()).toEqual([{ name: "fetch", config: { depth: 2 } }]);
  });

  it.for(["registry: {_x: {}}", "registry: {'../x': {}}", "registry: {'': {}}"])("let no name in that is none: %s", (text, { expect }) => {
    const { at, enabled } = setup();
    writeFileSync(path.join(at, "registry.yaml"), text);
    expect(enabled.servers()).toEqual([]);
    expect(enabled.problems()).toEqual([expect.stringContaining("registry.yaml:1: ")]);
  });

  it("take __proto__ for nothing", ({ expect }) => {
    const { at, enabled } = setup();
    writeFileSync(path.join(at, "registry.yaml"), "registry: {__proto__: {config: {a: 1}}, fetch: {}}");
    writeFileSync(path.join(at, "config.yaml"), "fetch: {__proto__: {a: 1}}");
    expect(enabled.servers().map(({ name }) => name)).toEqual(["fetch"]);
    expect("a" in {}).toBe(false);
  });
});
