import { AppError, type SecretBinding } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { bindByCatalog, bindByPerson, bindingFor, identifyServer, mayUse, MODEL_SERVICES, unbind, type Adopt, type ServerIdentity } from "../src/index.ts";

const AT = "2026-01-02T03:04:05.000Z";
const aServer = (server = "brave", over: Partial<ServerIdentity> = {}): ServerIdentity => ({ server, catalog: "built-in", source: `image:mcp/${server}`, ...over });
const bound = (secret: string, server: ServerIdentity): SecretBinding => ({ secret, ...server, by: "person", boundAt: AT });
const adopt = (names: readonly string[], over: Partial<Adopt> = {}): Adopt => ({ server: aServer(), secrets: names.map((name) => ({ name })), trusted: true, at: AT, ...over });

describe("a secret", () => {
  it("is nobody's until it is bound, and then that one server's alone", ({ expect }) => {
    const bindings = [bound("brave.api_key", aServer())];
    expect(mayUse([], "brave.api_key", aServer())).toBe(false);
    expect(mayUse(bindings, "brave.api_key", aServer())).toBe(true);
    expect(bindingFor(bindings, "brave.api_key", aServer())).toBe(bindings[0]);
    for (const other of [
      aServer("brave2"),
      aServer("Brave"),
      aServer("brave", { catalog: "other" }),
      aServer("brave", { source: "image:evil/brave" }),
      aServer("brave", { source: "npm:mcp/brave" }),
      aServer("brave", { source: "image:docker.io/mcp/brave" }),
    ])
      expect(mayUse(bindings, "brave.api_key", other), JSON.stringify(other)).toBe(false);
    for (const name of ["brave.api_key2", "Brave.api_key", "brave", "brave.", "", "constructor"]) expect(mayUse(bindings, name, aServer()), name).toBe(false);
  });

  it("that is the key of a model is no server's, whatever is written down", ({ expect }) => {
    for (const { secret } of Object.values(MODEL_SERVICES)) expect(mayUse([bound(secret, aServer())], secret, aServer())).toBe(false);
  });

  it("goes to no server that differs in anything", ({ expect }) => {
    const identity = fc.record({ server: fc.constantFrom("a", "b"), catalog: fc.constantFrom("x", "y"), source: fc.constantFrom("image:1", "image:2") });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("s1", "s2"), identity)), fc.constantFrom("s1", "s2"), identity, (pairs, secret, server) => {
        const may = pairs.some(([name, one]) => name === secret && one.server === server.server && one.catalog === server.catalog && one.source === server.source);
        expect(
          mayUse(
            pairs.map(([name, one]) => bound(name, one)),
            secret,
            server,
          ),
        ).toBe(may);
      }),
    );
  });
});

describe("the person", () => {
  it("binds a secret to several servers, and moves it to what a name means now", ({ expect }) => {
    const one = bindByPerson([], { secret: "k", server: aServer("a"), at: AT }).bindings;
    const two = bindByPerson(one, { secret: "k", server: aServer("b"), at: AT }).bindings;
    expect(two.map(({ server }) => server)).toEqual(["a", "b"]);
    const moved = bindByPerson(two, { secret: "k", server: aServer("a", { catalog: "mine", source: "npm:a" }), at: AT }).bindings;
    expect(mayUse(moved, "k", aServer("a"))).toBe(false);
    expect(mayUse(moved, "k", aServer("a", { catalog: "mine", source: "npm:a" }))).toBe(true);
    expect(mayUse(moved, "k", aServer("b"))).toBe(true);
    expect(unbind(moved, "k", "a").map(({ server }) => server)).toEqual(["b"]);
    expect(unbind(moved, "k", "c")).toBe(moved);
    expect(unbind(moved, "other", "a")).toBe(moved);
  });

  it("cannot bind a model's key to a server", ({ expect }) => {
    for (const { secret } of Object.values(MODEL_SERVICES)) {
      try {
        bindByPerson([], { secret, server: aServer(), at: AT });
        expect.unreachable();
      } catch (error) {
        expect(AppError.is(error) && error.code).toBe("CONFIG_INVALID");
      }
    }
  });
});

describe("the built-in catalog", () => {
  it("binds a server's own names when it is added, and once", ({ expect }) => {
    const { added, refused } = bindByCatalog([], adopt(["brave.api_key", "brave.team.id", "brave.api_key"]));
    expect(added.map(({ secret, by }) => [secret, by])).toEqual([
      ["brave.api_key", "catalog"],
      ["brave.team.id", "catalog"],
    ]);
    expect(refused).toEqual([]);
    expect(bindByCatalog(added, adopt(["brave.api_key"]))).toEqual({ added: [], refused: [] });
  });

  it("binds the names that were declared for a server, and no name that is merely like them", ({ expect }) => {
    const github = adopt(["github.personal_access_token", "github.personal_access_token2", "github.other"], { server: aServer("github-official") });
    const { added, refused } = bindByCatalog([], github);
    expect(added.map(({ secret }) => secret)).toEqual(["github.personal_access_token"]);
    expect(refused.map(({ secret }) => secret)).toEqual(["github.personal_access_token2", "github.other"]);
  });

  it.for([
    "github.personal_access_token",
    "brave",
    "brave_api_key",
    "bravery.api_key",
    "Brave.api_key",
    "brave-search.api_key",
    "anthropic",
    "openai",
    "google",
    "ANTHROPIC_API_KEY",
    "",
    ".brave.api_key",
    "brave.api_key\n",
    "brave.api key",
    "../vault.key",
    "__proto__",
  ])("gives a server nothing that is not its own: %j", (name, { expect }) => {
    const { added, refused } = bindByCatalog([], adopt([name]));
    expect(added).toEqual([]);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.fix).not.toMatch(/bind (anthropic|openai|google) /);
  });

  it("gives no server what another has, were it by the same name from elsewhere", ({ expect }) => {
    for (const other of [aServer("other"), aServer("brave", { catalog: "mine" }), aServer("brave", { source: "image:mcp/brave-before" })]) {
      const { added, refused } = bindByCatalog([bound("brave.api_key", other)], adopt(["brave.api_key"]));
      expect(added).toEqual([]);
      expect(refused[0]?.reason).toContain("already");
      expect(refused[0]?.fix).toBe("If you trust this server with it: sbx secret bind brave.api_key --server brave");
    }
  });

  it("gives a server with a dot in its name nothing: its names would lie within another's", ({ expect }) => {
    expect(bindByCatalog([], adopt(["a.b.key"], { server: aServer("a.b") })).added).toEqual([]);
  });

  it("never binds what does not begin with the server's name, for any names at all", ({ expect }) => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/), fc.array(fc.oneof(fc.string(), fc.stringMatching(/^[a-z]{1,4}\.[a-z]{1,6}$/))), (server, names) => {
        for (const { secret } of bindByCatalog([], adopt(names, { server: aServer(server) })).added) expect(secret.startsWith(`${server}.`)).toBe(true);
      }),
    );
  });
});

describe("any other catalog", () => {
  it("binds nothing, not even a server's own names", ({ expect }) => {
    const { added, refused } = bindByCatalog([], adopt(["brave.api_key"], { trusted: false }));
    expect(added).toEqual([]);
    expect(refused).toHaveLength(1);
  });
});

describe("what a server is", () => {
  const remote = (url: string) => ({ kind: "remote" as const, url, transport: "sse" as const, headers: {} });
  it.for([
    [{ kind: "image", image: "mcp/brave" }, "image:mcp/brave"],
    [{ kind: "image", image: "mcp/brave:1.2" }, "image:mcp/brave"],
    [{ kind: "image", image: `mcp/brave@sha256:${"0".repeat(64)}` }, "image:mcp/brave"],
    [{ kind: "image", image: `mcp/brave:1.2@sha256:${"0".repeat(64)}` }, "image:mcp/brave"],
    [{ kind: "image", image: "localhost:5000/brave" }, "image:localhost:5000/brave"],
    [{ kind: "image", image: "localhost:5000/brave:1" }, "image:localhost:5000/brave"],
    [{ kind: "npm", package: "@scope/brave", version: "1.0.0" }, "npm:@scope/brave"],
    [{ kind: "pypi", package: "brave", version: "1.0.0", program: "x" }, "pypi:brave"],
    [{ kind: "bundle", from: "/opt/brave.mcpb", sha256: "0".repeat(64) }, "bundle:/opt/brave.mcpb"],
    [remote("https://mcp.example.org/mcp"), "remote:https://mcp.example.org/mcp"],
  ] as const)("is told without its version: %j", ([source, expected], { expect }) => {
    expect(identifyServer({ name: "brave", source }, "built-in")).toEqual({ server: "brave", catalog: "built-in", source: expected });
  });

  it("is another for another image, package, address or kind", ({ expect }) => {
    const made = [
      { kind: "image" as const, image: "mcp/brave" },
      { kind: "image" as const, image: "mcp/brave/x" },
      { kind: "image" as const, image: "evil.example/mcp/brave" },
      { kind: "npm" as const, package: "mcp/brave", version: "1" },
      { kind: "pypi" as const, package: "mcp/brave", version: "1" },
      remote("https://mcp.example.org/mcp"),
      remote("https://mcp.example.org.evil.example/mcp"),
      remote("http://mcp.example.org/mcp"),
    ].map((source) => identifyServer({ name: "brave", source }, "c").source);
    expect(new Set(made).size).toBe(made.length);
  });
});
