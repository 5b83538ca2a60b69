import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { AppError, SandboxId } from "@sbx/contracts";
import { describe, it } from "vitest";
import { FakeEngine } from "@sbx/testing";
import { CatalogService } from "../../../src/mcp/catalogs/catalog-service.ts";
import { createReadImage } from "../../../src/mcp/catalogs/image-servers.ts";
import { ServerService } from "../../../src/mcp/servers/server-service.ts";
import { ProfileService } from "../../../src/mcp/servers/profile-service.ts";
import { createServerFacts } from "../../../src/mcp/servers/catalog-facts.ts";
import { anMcpStore, catalogWith } from "../support/mcp-store.ts";

const signal = new AbortController().signal;
const TEAM =
  "# ours\nname: team\ndisplayName: Team\nregistry:\n  one: # first\n    type: server\n    image: team/one\n    secrets: [{name: one.key, env: KEY}]\n  two: {type: server, image: team/two}\n  broken: {type: server}\n";

function setup(web: Readonly<Record<string, string>> = {}) {
  const { store, at, problems } = anMcpStore();
  const { catalogs: files, sets, profiles, rules } = store;
  const engine = new FakeEngine();
  const catalogs = new CatalogService({
    files,
    sets,
    fetchText: async (url) => {
      const text = web[url];
      if (text === undefined) throw new AppError("REGISTRY_FAILED", { message: `no ${url}`, fix: "none" });
      return await Promise.resolve(text);
    },
    readImage: createReadImage(() => Promise.resolve(engine)),
  });
  const adopted: string[] = [];
  const secrets = {
    missing: (_server: unknown, wanted: readonly { readonly name: string; readonly env: string }[]) => Promise.resolve(wanted.map(({ name, env }) => ({ name, env, fix: `sbx secret set ${name}` }))),
    adopt: ({ server }: { readonly server: { readonly server: string } }) => {
      adopted.push(server.server);
      return Promise.resolve([]);
    },
  };
  const adopt: CatalogService["adopt"] = async (uris, stop) => await catalogs.adopt(uris, stop);
  const member = (name: string) => store.member({ name, config: {} });
  const servers = new ServerService({ catalogs: files, adopt, sets, facts: createServerFacts(store, secrets), rules, member, record: () => undefined });
  const people = new ProfileService({ sets, profiles, catalogs: files, adopt, member, memberOf: store.member });
  return { store, at, problems, catalogs, servers, people, adopted, engine };
}

describe("catalogs of a person", () => {
  it("are kept byte for byte, with what is wrong in them told by line, and can be updated from where they came", async ({ expect }) => {
    const { at, catalogs, store } = setup({ "https://example.org/team.yaml": TEAM });
    const view = await catalogs.import({ origin: "https://example.org/team.yaml", dryRun: false }, signal);
    expect(view).toMatchObject({ name: "team", title: "Team", origin: "https://example.org/team.yaml", servers: 2, updatedAt: "2026-01-02T03:04:05.000Z" });
    expect(view.problems).toEqual([expect.stringMatching(/team\.yaml:10: "broken" is left out/)]);
    expect(readFileSync(path.join(at, "catalogs/team.yaml"), "utf8")).toBe(TEAM);
    await catalogs.import({ origin: "https://example.org/team.yaml", dryRun: false }, signal);
    expect(store.catalogs.names()).toEqual(["builtin", "team"]);
  });

  it("take no other one's place unasked, the built-in one's never, and nothing is kept by a dry run", async ({ expect }) => {
    const { at, catalogs } = setup();
    expect(await catalogs.import({ origin: "file:/a/x.yaml", text: TEAM, dryRun: true }, signal)).toMatchObject({ name: "x", servers: 2 });
    expect(existsSync(path.join(at, "catalogs"))).toBe(false);
    await catalogs.import({ origin: "file:/a/x.yaml", text: TEAM, dryRun: false }, signal);
    await expect(catalogs.import({ origin: "file:/b/x.yaml", text: TEAM, dryRun: false }, signal)).rejects.toMatchObject({ code: "NAME_TAKEN" });
    await expect(catalogs.import({ origin: "file:/b/x.yaml", text: TEAM, name: "builtin", dryRun: false }, signal)).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(() => {
      catalogs.remove("builtin");
    }).toThrow("comes with sbx");
  });

  it.for(["../../etc/passwd", "..", "a/../b", "/abs", ".hidden", "a//b", "a b", "a\0b"])("are not kept under %j", async (name, { expect }) => {
    const { at, catalogs } = setup();
    await expect(catalogs.import({ origin: "file:/a/x.yaml", text: TEAM, name, dryRun: false }, signal)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(existsSync(path.join(at, "catalogs"))).toBe(false);
  });

  it("of a registry lie in one file each, by their reference", ({ expect }) => {
    const { at, store } = setup();
    store.catalogs.put("example.org/team/catalog:1", TEAM, { displayName: "Team", url: "oci:example.org/team/catalog:1", digest: "sha256:0" });
    expect(existsSync(path.join(at, "catalogs/example.org%2Fteam%2Fcatalog%3A1.yaml"))).toBe(true);
    expect(store.catalogs.names()).toContain("example.org/team/catalog:1");
  });

  it("copied over from Docker's directory are used without an index, and a broken one hides no other", ({ expect }) => {
    const { at, store, problems } = setup();
    store.catalogs.put("team", TEAM, { displayName: "Team", url: "user" });
    writeFileSync(path.join(at, "catalogs/docker-mcp.yaml"), catalogWith({ three: { type: "server", image: "mcp/three" } }));
    writeFileSync(path.join(at, "catalogs/bad.yaml"), "registry: [");
    writeFileSync(path.join(at, "catalog.json"), "{");
    expect(store.catalogs.find("three")?.catalog).toBe("docker-mcp");
    expect(store.catalogs.find("one")?.catalog).toBe("team");
    expect(store.catalogs.view("bad")).toMatchObject({ servers: 0, problems: [expect.stringContaining("bad.yaml:1")] });
    expect(problems.length).toBeGreaterThan(0);
  });

  it("are edited with their comments, and lose what is taken out", async ({ expect }) => {
    const { at, catalogs } = setup();
    await catalogs.import({ origin: "file:/a/team.yaml", text: TEAM, dryRun: false }, signal);
    await expect(catalogs.add("team", { servers: [], text: catalogWith({ one: { type: "server", image: "x/y" } }), force: false }, signal)).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(await catalogs.add("team", { servers: ["npm:@scope/tool@1.2.3"], text: undefined, force: false }, signal)).toEqual(["tool"]);
    expect(catalogs.removeServers("team", ["two"])).toEqual(["two"]);
    const text = readFileSync(path.join(at, "catalogs/team.yaml"), "utf8");
    expect(text).toContain("# ours");
    expect(text).toContain("# first");
    expect(text).not.toContain("team/two");
    expect(catalogs.show("team").servers.map(({ name }) => name)).toEqual(["one", "tool"]);
    expect(() => catalogs.removeServers("team", ["two"])).toThrow("has no server");
  });

  it("come out of a copy and of the registry's form as they went in", async ({ expect }) => {
    const { catalogs, store } = setup();
    await catalogs.import({ origin: "file:/a/team.yaml", text: TEAM, dryRun: false }, signal);
    catalogs.copy("team", "mine");
    expect(catalogs.show("mine").servers).toEqual(catalogs.show("team").servers);
    store.catalogs.put("pulled", catalogs.export("team", "registry"), { displayName: "Team", url: "oci:x" });
    expect(store.catalogs.servers("pulled").map(({ name, source }) => [name, source])).toEqual(catalogs.show("team").servers.map(({ name, source }) => [name, source]));
  });
});

describe("what a person enables", () => {
  it("by name is found in the catalogs, gets its own secrets, and what it needs is said", async ({ expect }) => {
    const { catalogs, servers, adopted } = setup();
    await catalogs.import({ origin: "file:/a/team.yaml", text: TEAM, dryRun: false }, signal);
    expect(await servers.enable("default", ["one", "catalog://team/t*"], signal)).toEqual({ enabled: ["one", "two"], notes: ['"one" needs the secret "one.key": sbx secret set one.key'] });
    expect(adopted).toEqual(["one"]);
    expect(await servers.list("default")).toMatchObject([
      { name: "one", secrets: "required", catalog: "team" },
      { name: "two", secrets: "none" },
    ]);
    expect(servers.disable("default", "all")).toEqual(["one", "two"]);
    expect(() => servers.disable("default", ["one"])).toThrow("is not enabled");
  });

  it("by address goes into a catalog of the person's own, and hides no other catalog's server", async ({ expect }) => {
    const { catalogs, servers, store, engine } = setup();
    for (const image of ["quay.io/x/thing:2", "evil/one"]) engine.images.set(image, `sha256:${image}`);
    await catalogs.import({ origin: "file:/a/team.yaml", text: TEAM, dryRun: false }, signal);
    expect((await servers.enable("default", ["pypi:mcp-thing@1.0", "docker://quay.io/x/thing:2"], signal)).enabled).toEqual(["mcp-thing", "thing"]);
    expect(store.catalogs.find("thing")).toMatchObject({ catalog: "my-servers", entry: { source: { kind: "image", image: "quay.io/x/thing:2" }, allowHosts: [] } });
    await expect(servers.enable("default", ["docker://evil/one"], signal)).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(store.catalogs.find("one")?.entry.source).toMatchObject({ image: "team/one" });
  });

  it.for(["nobody", "catalog://nobody/x", "npm:x@latest", "npm:x", "docker://--privileged", "docker://nobody/has-it", "http://example.org/x", "file:///etc/passwd", "catalog://team/", "../x", ""])(
    "is refused when it is no server, and nothing is enabled: %j",
    async (uri, { expect }) => {
      const { servers, store } = setup();
      await expect(servers.enable("default", [uri], signal)).rejects.toBeInstanceOf(AppError);
      expect(store.enabled.servers()).toEqual([]);
    },
  );

  it("is refused when a rule denies it", async ({ expect }) => {
    const { catalogs, servers, store } = setup();
    await catalogs.import({ origin: "file:/a/team.yaml", text: TEAM, dryRun: false }, signal);
    servers.rule("two", { effect: "deny", sandbox: undefined });
    await expect(servers.enable("default", ["two"], signal)).rejects.toMatchObject({ code: "SERVER_DENIED" });
    expect(store.enabled.servers()).toEqual([]);
    servers.rule("two", { effect: "none", sandbox: undefined });
    await servers.enable("default", ["two"], signal);
    expect(() => {
      servers.rule("two", { effect: "none", sandbox: SandboxId.parse("sbx_00000001") });
    }).toThrow("Nothing was said");
  });
});

describe("profiles of a person", () => {
  it("are made, changed by setting and key, exported in Docker's form and read back", async ({ expect }) => {
    const { catalogs, people, servers } = setup();
    await catalogs.import({ origin: "file:/a/team.yaml", text: TEAM, dryRun: false }, signal);
    expect((await people.create({ name: "My Work!", servers: ["one"] }, signal)).profile).toMatchObject({ id: "my-work", name: "My Work!" });
    await servers.enable("my-work", ["two"], signal);
    expect(people.editConfig("my-work", [{ server: "two", path: ["a", "b"], value: [1] }])).toEqual({ one: {}, two: { a: { b: [1] } } });
    expect(() => people.editConfig("my-work", [{ server: "three", path: ["a"], value: 1 }])).toThrow("is not in the profile");
    const { document, profile } = people.show("my-work");
    expect(document["servers"]).toMatchObject([{ type: "image", image: "team/one", tools: null, snapshot: { server: { name: "one" } } }, { config: { a: { b: [1] } } }]);
    people.remove("my-work");
    expect(people.import(JSON.stringify(document), false)).toMatchObject({ profile, notes: [] });
    expect(() => people.import(JSON.stringify(document), false)).toThrow("already");
  });

  it("bring servers that no catalog has along, as a catalog of their own that hides none", async ({ expect }) => {
    const { catalogs, people, store } = setup();
    await catalogs.import({ origin: "file:/a/team.yaml", text: TEAM, dryRun: false }, signal);
    const snapshot = (name: string, image: string) => ({ type: "image", image, secrets: "default", tools: null, snapshot: { server: { name, type: "server", image } } });
    people.import(JSON.stringify({ version: 1, id: "theirs", name: "Theirs", servers: [snapshot("one", "evil/one"), snapshot("new", "their/new")] }), false);
    expect(store.catalogs.find("one")).toMatchObject({ catalog: "team", entry: { source: { image: "team/one" } } });
    expect(store.catalogs.find("new")).toMatchObject({ catalog: "profile-theirs" });
  });

  it("never take the place of what is enabled", async ({ expect }) => {
    const { people } = setup();
    await expect(people.create({ name: "Default", servers: [] }, signal)).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(() => people.import('{"version":1,"id":"default","name":"x","servers":[]}', true)).toThrow("already");
    expect(() => {
      people.remove("default");
    }).toThrow("always there");
  });
});
