import { AppError, type EventInit } from "@sbx/contracts";
import { describe, it } from "vitest";
import { MODEL_SERVICES, resolveServerEnvironment, Secret, SecretKeeper, type SecretSource, type SecretVault, type ServerIdentity, type VaultContent } from "../src/index.ts";

const BRAVE: ServerIdentity = { server: "brave", catalog: "built-in", source: "image:mcp/brave" };
const EVIL: ServerIdentity = { server: "evil", catalog: "theirs", source: "image:evil" };

function memoryVault(): SecretVault & { locked: boolean } {
  let content: VaultContent = { secrets: new Map(), bindings: [], hosts: [] };
  const vault = {
    locked: false,
    check: () => (vault.locked ? Promise.reject(new AppError("VAULT_LOCKED", { message: "locked", fix: "unlock" })) : Promise.resolve()),
    read: async () => (await vault.check(), content),
    update: async (change: (content: VaultContent) => VaultContent) => {
      await vault.check();
      content = change(content);
    },
    status: () => Promise.resolve({ state: "absent" as const, file: "/vault" }),
  };
  return vault;
}

function sourceOf(kind: "command" | "file" | "environment", values: Readonly<Record<string, string>>): SecretSource & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    find: (name) => {
      asked.push(name);
      return Promise.resolve(Object.hasOwn(values, name) ? new Secret(values[name] ?? "") : undefined);
    },
    names: () => Promise.resolve(new Map(Object.keys(values).map((name) => [name, kind]))),
  };
}

function aKeeper(sources: readonly SecretSource[] = []) {
  const vault = memoryVault();
  const events: EventInit[] = [];
  const used = new Map<string, string>();
  const keeper = new SecretKeeper({
    vault,
    sources,
    uses: { used: (name) => void used.set(name, "2026-01-02T03:04:05.000Z"), lastUsed: (name) => used.get(name) },
    record: (event) => void events.push(event),
    now: () => "2026-01-02T03:04:05.000Z",
    identify: (server) => [BRAVE, EVIL].find((one) => one.server === server),
  });
  return { keeper, vault, events, used };
}

const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return AppError.is(error) ? error.code : undefined;
};
const lookUp = async (keeper: SecretKeeper, server: ServerIdentity, name: string): Promise<string> => {
  const found = await keeper.lookup(server)(name);
  return found instanceof Secret ? found.reveal() : found.fix;
};

describe("a value", () => {
  it("is the vault's before all others, then that of the first source that knows the name", async ({ expect }) => {
    const { keeper } = aKeeper([sourceOf("command", { anthropic: "document" }), sourceOf("environment", { anthropic: "environment", openai: "environment" })]);
    const anthropic = async () => (await keeper.modelKey(MODEL_SERVICES.anthropic))?.reveal();
    expect(await anthropic()).toBe("document");
    expect((await keeper.modelKey(MODEL_SERVICES.openai))?.reveal()).toBe("environment");
    await keeper.set("anthropic", new Secret("vault"));
    expect(await anthropic()).toBe("vault");
    expect((await keeper.list()).map(({ name, source }) => [name, source])).toEqual([
      ["anthropic", "vault"],
      ["openai", "environment"],
    ]);
    await keeper.remove("anthropic");
    expect(await anthropic()).toBe("document");
  });

  it("of a locked vault is replaced by no other source's", async ({ expect }) => {
    const environment = sourceOf("environment", { anthropic: "environment" });
    const { keeper, vault } = aKeeper([environment]);
    vault.locked = true;
    for (const work of [keeper.modelKey(MODEL_SERVICES.anthropic), keeper.lookup(BRAVE)("brave.api_key"), keeper.list(), keeper.set("a", new Secret("b")), keeper.missing(BRAVE, [])])
      expect(await codeOf(work)).toBe("VAULT_LOCKED");
    expect(environment.asked).toEqual([]);
  });
});

describe("a server", () => {
  it("gets what its person bound to it, and no other server does", async ({ expect }) => {
    const { keeper, events } = aKeeper();
    await keeper.set("shared", new Secret("value"));
    expect(await lookUp(keeper, BRAVE, "shared")).toBe("If you trust this server with it: sbx secret bind shared --server brave");
    await keeper.bind("shared", "brave");
    expect(await lookUp(keeper, BRAVE, "shared")).toBe("value");
    expect(await lookUp(keeper, EVIL, "shared")).toContain("sbx secret bind");
    expect(await lookUp(keeper, { ...BRAVE, catalog: "theirs" }, "shared")).toContain("sbx secret bind");
    await keeper.unbind("shared", "brave");
    expect(await lookUp(keeper, BRAVE, "shared")).toContain("sbx secret bind");
    expect(await codeOf(keeper.unbind("shared", "brave"))).toBe("SECRET_MISSING");
    expect(await codeOf(keeper.bind("shared", "nobody"))).toBe("SERVER_UNKNOWN");
    expect(events.map(({ type }) => type)).toEqual(["secret.changed", "secret.refused", "secret.bound", "secret.refused", "secret.refused", "secret.changed", "secret.refused"]);
  });

  it("that names a model's key gets nothing, and it is told once", async ({ expect }) => {
    const { keeper, events, used } = aKeeper([sourceOf("environment", { anthropic: "the-real-thing" })]);
    for (let turn = 0; turn < 3; turn += 1) expect(await lookUp(keeper, EVIL, "anthropic")).not.toContain("real-thing");
    expect(await codeOf(keeper.bind("anthropic", "evil"))).toBe("CONFIG_INVALID");
    const refused = await keeper.adopt({ server: { ...EVIL, catalog: "built-in" }, secrets: [{ name: "anthropic" }], trusted: true });
    expect(refused.map(({ secret }) => secret)).toEqual(["anthropic"]);
    expect(events.filter(({ type }) => type === "secret.refused").map(({ fields }) => [fields["server"], fields["catalog"], fields["secret"]])).toEqual([
      ["evil", "theirs", "anthropic"],
      ["evil", "built-in", "anthropic"],
    ]);
    expect(used.size).toBe(0);
  });

  it("of the built-in catalog has its own names from when it was added, also after its secret was given anew", async ({ expect }) => {
    const { keeper } = aKeeper();
    const declared = [{ name: "brave.api_key", env: "BRAVE_API_KEY", required: true }];
    expect(await keeper.adopt({ server: BRAVE, secrets: declared, trusted: true })).toEqual([]);
    expect(await keeper.missing(BRAVE, declared)).toEqual([{ name: "brave.api_key", env: "BRAVE_API_KEY", fix: "sbx secret set brave.api_key" }]);
    await keeper.set("brave.api_key", new Secret("one"));
    expect(await keeper.missing(BRAVE, declared)).toEqual([]);
    await keeper.remove("brave.api_key");
    await keeper.set("brave.api_key", new Secret("two"));
    const { environment } = await resolveServerEnvironment({ BRAVE_API_KEY: { parts: [{ kind: "secret", secret: "brave.api_key", env: "BRAVE_API_KEY" }], required: true } }, keeper.lookup(BRAVE));
    expect(environment["BRAVE_API_KEY"]?.reveal()).toBe("two");
    expect((await keeper.list())[0]).toMatchObject({
      name: "brave.api_key",
      boundTo: [{ kind: "server", server: "brave", catalog: "built-in", by: "catalog" }],
      setAt: "2026-01-02T03:04:05.000Z",
      lastUsedAt: "2026-01-02T03:04:05.000Z",
    });
  });

  it("has to be given a secret anew that was removed, when its person had bound it", async ({ expect }) => {
    const { keeper } = aKeeper();
    await keeper.set("shared", new Secret("value"));
    await keeper.bind("shared", "evil");
    await keeper.remove("shared");
    await keeper.set("shared", new Secret("another thing under the same name"));
    expect(await lookUp(keeper, EVIL, "shared")).toContain("sbx secret bind");
  });

  it("from elsewhere is told what it lacks without any secret being used", async ({ expect }) => {
    const { keeper, used } = aKeeper();
    await keeper.set("brave.api_key", new Secret("value"));
    const missing = await keeper.missing(EVIL, [
      { name: "brave.api_key", env: "K", required: true },
      { name: "optional", env: "O", required: false },
      { name: "no name at all", env: "N", required: true },
    ]);
    expect(missing.map(({ name }) => name)).toEqual(["brave.api_key", "no name at all"]);
    expect(missing[1]?.fix).not.toContain("no name at all");
    expect(used.size).toBe(0);
  });
});

describe("a host", () => {
  const hostValue = async (keeper: SecretKeeper, name: string, host: string): Promise<string | undefined> => (await keeper.hostSecret(name, host))?.reveal();

  it("gets what its person bound to it, from any source, until that is taken back", async ({ expect }) => {
    const { keeper, events, used } = aKeeper([sourceOf("command", { team: "from-command" })]);
    await keeper.set("github", new Secret("value"));
    expect(await hostValue(keeper, "github", "api.example.org")).toBeUndefined();
    expect(await keeper.bindToHost("github", "API.example.org.")).toEqual({ secret: "github", host: "api.example.org", boundAt: "2026-01-02T03:04:05.000Z" });
    await keeper.bindToHost("team", "*.example.net:8443");
    expect(used.size).toBe(0);
    expect(await hostValue(keeper, "github", "api.example.org")).toBe("value");
    expect(await hostValue(keeper, "team", "a.example.net:8443")).toBe("from-command");
    for (const other of ["evil-api.example.org", "api.example.org.evil.com", "x.api.example.org", "api.example.org:8443"]) expect(await hostValue(keeper, "github", other), other).toBeUndefined();
    await keeper.unbindFromHost("github", "api.example.org:443");
    expect(await hostValue(keeper, "github", "api.example.org")).toBeUndefined();
    expect(await codeOf(keeper.unbindFromHost("github", "api.example.org"))).toBe("SECRET_MISSING");
    expect(await codeOf(keeper.unbindFromHost("github", "**"))).toBe("CONFIG_INVALID");
    expect(await codeOf(keeper.bindToHost("github", "**"))).toBe("CONFIG_INVALID");
    expect(events).toEqual([
      { type: "secret.changed", fields: { secret: "github", how: "set" } },
      { type: "secret.bound", fields: { secret: "github", host: "api.example.org", by: "person" } },
      { type: "secret.bound", fields: { secret: "team", host: "*.example.net:8443", by: "person" } },
      { type: "secret.changed", fields: { secret: "github", how: "unbound", host: "api.example.org" } },
    ]);
  });

  it("gets nothing that is a server's, and a server nothing that is a host's", async ({ expect }) => {
    const { keeper } = aKeeper();
    for (const name of ["for-server", "for-host"]) await keeper.set(name, new Secret(`value of ${name}`));
    await keeper.bind("for-server", "brave");
    await keeper.bindToHost("for-host", "brave");
    expect(await hostValue(keeper, "for-server", "brave")).toBeUndefined();
    expect(await keeper.hostsOf("for-server")).toEqual([]);
    expect(await lookUp(keeper, BRAVE, "for-host")).toContain("sbx secret bind");
    expect(await codeOf(keeper.unbind("for-host", "brave"))).toBe("SECRET_MISSING");
    expect(await hostValue(keeper, "for-host", "brave")).toBe("value of for-host");
  });

  it("gets no model's key, though the vault says so", async ({ expect }) => {
    const { keeper, vault, used } = aKeeper([sourceOf("environment", { anthropic: "the-real-thing" })]);
    expect(await codeOf(keeper.bindToHost("anthropic", "api.example.org"))).toBe("CONFIG_INVALID");
    await vault.update((content) => ({ ...content, hosts: [{ secret: "anthropic", host: "api.example.org", boundAt: "2026-01-02T03:04:05.000Z" }] }));
    expect(await hostValue(keeper, "anthropic", "api.example.org")).toBeUndefined();
    expect(await keeper.hostsOf("anthropic")).toEqual([]);
    expect((await keeper.list())[0]?.boundTo).toEqual([{ kind: "model", service: "anthropic" }]);
    expect(used.size).toBe(0);
  });

  it("is named only while there is a value, and not after the secret was removed", async ({ expect }) => {
    const { keeper, used } = aKeeper();
    await keeper.bindToHost("k", "api.example.org");
    expect([await keeper.hostsOf("k"), await hostValue(keeper, "k", "api.example.org")]).toEqual([[], undefined]);
    await keeper.set("k", new Secret("value"));
    expect(await keeper.hostsOf("k")).toEqual(["api.example.org"]);
    expect((await keeper.list())[0]?.boundTo).toEqual([{ kind: "host", host: "api.example.org" }]);
    await keeper.remove("k");
    await keeper.set("k", new Secret("another thing under the same name"));
    expect([await keeper.hostsOf("k"), await hostValue(keeper, "k", "api.example.org")]).toEqual([[], undefined]);
    expect(used.size).toBe(0);
  });

  it("gets nothing of a locked vault", async ({ expect }) => {
    const environment = sourceOf("environment", { k: "environment" });
    const { keeper, vault } = aKeeper([environment]);
    await keeper.bindToHost("k", "api.example.org");
    vault.locked = true;
    for (const work of [keeper.hostSecret("k", "api.example.org"), keeper.hostsOf("k"), keeper.bindToHost("k", "b.example.org"), keeper.unbindFromHost("k", "api.example.org")])
      expect(await codeOf(work)).toBe("VAULT_LOCKED");
    expect(environment.asked).toEqual([]);
  });
});

describe("a change", () => {
  it("is told by name, to events and to who listens", async ({ expect }) => {
    const { keeper, events } = aKeeper();
    const heard: string[] = [];
    const release = keeper.onChanged((name) => void heard.push(name));
    await keeper.set("a", new Secret("the-real-thing"));
    await keeper.rotate("a", new Secret("the-real-thing-2"));
    await keeper.remove("a");
    release();
    await keeper.set("a", new Secret("the-real-thing-3"));
    expect(heard).toEqual(["a", "a", "a"]);
    expect(events.map(({ fields }) => fields)).toEqual(["set", "rotated", "removed", "set"].map((how) => ({ secret: "a", how })));
    expect(JSON.stringify(events)).not.toContain("real-thing");
  });

  it("of a secret that the vault does not have is refused", async ({ expect }) => {
    const { keeper, events } = aKeeper([sourceOf("command", { openai: "x" })]);
    expect(await codeOf(keeper.rotate("openai", new Secret("y")))).toBe("SECRET_UNKNOWN");
    expect(await codeOf(keeper.remove("openai"))).toBe("SECRET_UNKNOWN");
    expect(events).toEqual([]);
  });
});
