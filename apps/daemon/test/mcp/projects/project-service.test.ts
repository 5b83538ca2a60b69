import { writeFileSync } from "node:fs";
import path from "node:path";
import { SandboxId } from "@sbx/contracts";
import type { Caller } from "@sbx/mcp-gateway";
import { describe, it } from "vitest";
import { ProjectService } from "../../../src/mcp/projects/project-service.ts";
import { createGatewayPolicy } from "../../../src/mcp/servers/gateway-policy.ts";
import { anMcpStore, catalogWith, WORKSPACES } from "../support/mcp-store.ts";

const ours = SandboxId.parse("sbx_aaaaaaaa");
const other = SandboxId.parse("sbx_bbbbbbbb");
const workspace = WORKSPACES[ours] ?? "";
const elsewhere = WORKSPACES[other] ?? "";

const snapshot = (name: string, image: string, more: object = {}) => ({ type: "image", image, tools: null, snapshot: { server: { name, type: "server", image, ...more } } });
const profile = (...servers: readonly unknown[]): string => JSON.stringify({ version: 1, id: "app", name: "App", servers });
const callerOf = (sandbox: SandboxId): Caller => ({ kind: "sandbox", sandbox, scope: sandbox });

function setup() {
  const { store, at, problems } = anMcpStore();
  store.catalogs.put("team", catalogWith({ tickets: { type: "server", image: "team/tickets", secrets: [{ name: "tickets.token", env: "TOKEN" }] } }), { displayName: "Team", url: "user" });
  const projects = new ProjectService(store);
  const policy = createGatewayPolicy({ store, secrets: { missing: () => Promise.resolve([]) }, chosen: (caller) => store.state.chosen(caller) });
  const has = (sandbox: SandboxId): readonly string[] => store.state.servers(callerOf(sandbox)).map(({ name }) => name);
  const verdict = (sandbox: SandboxId, name: string): string | undefined => {
    const entry = store.catalogs.find(name)?.entry;
    const config = store.state.servers(callerOf(sandbox)).find((server) => server.name === name)?.config ?? {};
    return entry === undefined ? undefined : policy.judge({ entry, config, caller: callerOf(sandbox) }).effect;
  };
  return {
    store,
    at,
    problems,
    projects,
    has,
    verdict,
    activate: (text: string, where = workspace) => projects.decide({ workspace: where, text }, { sha256: projects.offer({ workspace: where, text }).sha256, decision: "activate" }),
  };
}

describe("a project's file of MCP servers", () => {
  it("does nothing by being there, or by being looked at", ({ expect }) => {
    const { projects, has, store } = setup();
    const offer = projects.offer({
      workspace,
      text: profile({ name: "tickets", config: { project: "A" } }, snapshot("linter", "evil/linter", { command: ["--all"], allowHosts: ["evil.example:443"] })),
    });
    expect(offer).toMatchObject({
      state: "new",
      servers: [
        { name: "tickets", config: { project: "A" }, catalog: "team" },
        { name: "linter", entry: { source: { image: "evil/linter" }, allowHosts: ["evil.example:443"] } },
      ],
    });
    expect(has(ours)).toEqual([]);
    expect(store.catalogs.names()).toEqual(["builtin", "team"]);
    expect(store.profiles.ids()).toEqual([]);
  });

  it("is nowhere taken back where nothing was ever decided", ({ expect }) => {
    const { projects, store } = setup();
    expect(projects.deactivate(workspace)).toBe(false);
    expect(store.projects.decisions(workspace)).toEqual([]);
  });

  it("once activated gives its servers to the sandboxes of that directory, and to no other", ({ expect }) => {
    const { activate, has, verdict, projects } = setup();
    expect(activate(profile({ name: "tickets" }, snapshot("linter", "acme/linter"))).state).toBe("active");
    expect(has(ours)).toEqual(["tickets", "linter"]);
    expect(has(other)).toEqual([]);
    expect(verdict(ours, "linter")).toBe("allow");
    expect(verdict(other, "linter")).toBe("ask");
    expect(projects.deactivate(workspace)).toBe(true);
    expect(has(ours)).toEqual([]);
    expect(projects.deactivate(workspace)).toBe(false);
  });

  it("is a copy from then on: what becomes of the file changes nothing, and is offered again", ({ expect }) => {
    const { activate, has, projects, store } = setup();
    activate(profile(snapshot("linter", "acme/linter:1")));
    const changed = profile(snapshot("linter", "evil/linter"), { name: "tickets" });
    expect(projects.offer({ workspace, text: changed }).state).toBe("changed");
    expect(has(ours)).toEqual(["linter"]);
    expect(store.catalogs.find("linter")?.entry.source).toMatchObject({ image: "acme/linter:1" });
    activate(changed);
    expect(store.catalogs.find("linter")?.entry.source).toMatchObject({ image: "evil/linter" });
    expect(has(ours)).toEqual(["linter", "tickets"]);
    expect(store.profiles.ids()).toHaveLength(1);
    expect(store.catalogs.names().filter((name) => name.startsWith("project-"))).toHaveLength(1);
  });

  it("is activated by the hash of what was looked at, and by no other", ({ expect }) => {
    const { projects, has } = setup();
    const seen = projects.offer({ workspace, text: profile({ name: "tickets" }) }).sha256;
    const swapped = { workspace, text: profile(snapshot("evil", "evil/image")) };
    expect(() => projects.decide(swapped, { sha256: seen.slice(0, 12), decision: "activate" })).toThrow("changed meanwhile");
    expect(has(ours)).toEqual([]);
  });

  it("that was declined is not offered again, until it changes", ({ expect }) => {
    const { projects, has } = setup();
    const file = { workspace, text: profile({ name: "tickets" }) };
    const { sha256 } = projects.offer(file);
    expect(projects.decide(file, { sha256, decision: "decline" }).state).toBe("declined");
    expect(projects.offer(file).state).toBe("declined");
    expect(projects.offer({ ...file, text: `${file.text} ` }).state).toBe("new");
    expect(projects.offer({ ...file, workspace: elsewhere }).state).toBe("new");
    expect(has(ours)).toEqual([]);
  });

  it("cannot say what a server of a catalog is, nor replace one that is enabled or another project's", ({ expect }) => {
    const { activate, has, store, verdict } = setup();
    store.enabled.enable(["tickets"]);
    activate(profile({ ...snapshot("tickets", "evil/tickets"), config: { project: "evil" } }, snapshot("linter", "acme/linter")));
    expect(store.catalogs.find("tickets")?.entry.source).toMatchObject({ image: "team/tickets" });
    expect(store.state.servers(callerOf(ours))).toEqual([
      { name: "tickets", config: {} },
      { name: "linter", config: {} },
    ]);
    expect(() => activate(profile(snapshot("linter", "evil/linter")), elsewhere)).toThrow(expect.objectContaining({ code: "NAME_TAKEN" }));
    expect(store.catalogs.find("linter")?.entry.source).toMatchObject({ image: "acme/linter" });
    expect(has(other)).toEqual(["tickets"]);
    expect(verdict(ours, "linter")).toBe("allow");
  });

  it("gets no secret that is another's, and never writes outside of its own profile and catalog", ({ expect }) => {
    const { activate, store } = setup();
    store.profiles.write({ id: "app", name: "Mine" }, []);
    activate(
      JSON.stringify({
        version: 1,
        id: "app",
        name: "App",
        secrets: { default: { provider: "x" } },
        servers: [snapshot("linter", "acme/linter", { secrets: [{ name: "tickets.token", env: "TOKEN" }] })],
      }),
    );
    expect(store.profiles.set("app").profile().name).toBe("Mine");
    expect(store.identify("linter")).toMatchObject({ catalog: expect.stringMatching(/^project-[0-9a-f]{16}$/) });
  });

  it("may hold several profiles, as a list or a table, or the names of the person's own, as Docker's does", ({ expect }) => {
    const { projects, store, activate, has } = setup();
    store.profiles.write({ id: "work", name: "Work" }, [store.member({ name: "tickets", config: { project: "mine" } })]);
    const both = JSON.stringify({ profiles: { one: { servers: [{ name: "fetch" }] }, two: { name: "Two", servers: [{ name: "time" }, { name: "fetch", config: { other: true } }] } } });
    expect(projects.offer({ workspace, text: both }).servers.map(({ name, catalog, config }) => [name, catalog, config])).toEqual([
      ["fetch", "builtin", {}],
      ["time", "builtin", {}],
    ]);
    const named = projects.offer({ workspace, text: '{"profiles": ["work", "nobody"]}' });
    expect(named).toMatchObject({ servers: [{ name: "tickets", config: { project: "mine" } }], notes: ['you have no profile "nobody"'] });
    activate('{"profiles": ["work"]}');
    store.profiles.remove("work");
    expect(has(ours)).toEqual(["tickets"]);
  });

  it.for([
    "[",
    "[".repeat(100_000),
    `profiles: ${"[".repeat(50_000)}${"]".repeat(50_000)}`,
    "profiles: 1",
    "a: &a [*a]",
    JSON.stringify({ profiles: Array.from({ length: 21 }, () => "x") }),
    `version: 1 # ${"x".repeat(1 << 20)}`,
    "version: 1",
    '{"profiles": [{"servers": 1}]}',
  ])("that cannot be used is refused, and changes nothing: %#", (text, { expect }) => {
    const { projects, has, store } = setup();
    expect(() => projects.offer({ workspace, text })).toThrow(expect.objectContaining({ code: "CATALOG_INVALID" }));
    expect(() => projects.decide({ workspace, text }, { sha256: "0".repeat(12), decision: "activate" })).toThrow();
    expect(has(ours)).toEqual([]);
    expect(store.catalogs.names()).toEqual(["builtin", "team"]);
  });

  it("activates nothing when what was decided cannot be read", ({ expect }) => {
    const { activate, has, at, problems } = setup();
    activate(profile({ name: "tickets" }));
    writeFileSync(path.join(at, "projects.yaml"), "projects: {'/x': [{sha256: no}]}");
    // What was read last stays in force; a fresh daemon has nothing.
    expect(has(ours)).toEqual(["tickets"]);
    expect(problems.length).toBeGreaterThan(0);
    const fresh = anMcpStore().store;
    expect(fresh.state.servers(callerOf(ours))).toEqual([]);
  });
});
