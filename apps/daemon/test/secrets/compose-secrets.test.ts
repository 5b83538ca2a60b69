import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError, type EventInit } from "@sbx/contracts";
import { MODEL_SERVICES, Secret, type SecretKeeper, type ServerIdentity } from "@sbx/secret-injector";
import { describe, it } from "vitest";
import { composeSecrets } from "../../src/secrets/compose-secrets.ts";

const BRAVE: ServerIdentity = { server: "brave", catalog: "builtin", source: "image:mcp/brave" };
const VALUE = "sk-ant-the-real-thing-0123";

interface Place extends Disposable {
  readonly state: string;
  readonly config: string;
  readonly events: EventInit[];
  readonly logged: unknown[];
  open(environment?: Readonly<Record<string, string>>): Promise<SecretKeeper>;
}

function aPlace(): Place {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-secrets-"));
  const [state, config] = [path.join(root, "state"), path.join(root, "config")];
  for (const directory of [state, config]) mkdirSync(directory, { mode: 0o700 });
  const events: EventInit[] = [];
  const logged: unknown[] = [];
  const log = (event: string, fields: unknown): void => void logged.push([event, fields]);
  return {
    state,
    config,
    events,
    logged,
    open: (environment = {}) =>
      composeSecrets({
        config: { stateDirectory: state, configDirectory: config, environment: { PATH: process.env["PATH"], ...environment }, vaultKey: "file" },
        record: (event) => void events.push(event),
        log: { info: log, warn: log, error: log },
        identify: (server) => (server === "brave" ? BRAVE : undefined),
      }),
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true });
    },
  };
}

const keyOf = async (keeper: SecretKeeper): Promise<string | undefined> => (await keeper.modelKey(MODEL_SERVICES.anthropic))?.reveal();

describe("the daemon's secrets", () => {
  it("come from the vault before secrets.json, and from there before the providers' usual variables", async ({ expect }) => {
    using place = aPlace();
    const keeper = await place.open({ ANTHROPIC_API_KEY: "from-variable" });
    expect(await keyOf(keeper)).toBe("from-variable");
    writeFileSync(path.join(place.config, "secrets.json"), JSON.stringify({ version: 1, commands: { anthropic: ["echo", "from-command"] } }));
    expect(await keyOf(keeper)).toBe("from-command");
    await keeper.set("anthropic", new Secret("from-vault"));
    expect(await keyOf(keeper)).toBe("from-vault");
    expect(await keeper.list()).toMatchObject([{ name: "anthropic", source: "vault", boundTo: [{ kind: "model", service: "anthropic" }] }]);
    await keeper.remove("anthropic");
    expect(await keyOf(keeper)).toBe("from-command");
  });

  it("of which a command fails are not had from a variable in its place", async ({ expect }) => {
    using place = aPlace();
    writeFileSync(path.join(place.config, "secrets.json"), JSON.stringify({ version: 2, secrets: { anthropic: { command: ["false"] } } }));
    const error: unknown = await keyOf(await place.open({ ANTHROPIC_API_KEY: "from-variable" })).catch((reason: unknown) => reason);
    expect(AppError.is(error) && error.code).toBe("CREDENTIAL_MISSING");
  });

  it("that an earlier version kept in files are in the vault after the first start, and in no file", async ({ expect }) => {
    using place = aPlace();
    mkdirSync(path.join(place.state, "secrets"));
    writeFileSync(path.join(place.state, "secrets", "anthropic"), `${VALUE}\n`);
    expect(await keyOf(await place.open())).toBe(VALUE);
    expect(existsSync(path.join(place.state, "secrets"))).toBe(false);
    for (const name of readdirSync(place.state)) expect(readFileSync(path.join(place.state, name)).includes(VALUE), name).toBe(false);
    expect(JSON.stringify(place.logged)).toContain('"taken":["anthropic"]');
    expect(JSON.stringify(place.logged)).not.toContain(VALUE);
    expect(await keyOf(await place.open())).toBe(VALUE);
  });

  it("in a locked vault keep no daemon from starting, are never had from elsewhere, and the files stay", async ({ expect }) => {
    using place = aPlace();
    await (await place.open()).set("brave.api_key", new Secret(VALUE));
    rmSync(path.join(place.state, "vault.key"));
    mkdirSync(path.join(place.state, "secrets"));
    writeFileSync(path.join(place.state, "secrets", "openai"), "old");
    const keeper = await place.open({ ANTHROPIC_API_KEY: "from-variable" });
    const error: unknown = await keyOf(keeper).catch((reason: unknown) => reason);
    expect(AppError.is(error) && error.code).toBe("VAULT_LOCKED");
    expect(await keeper.status()).toMatchObject({ state: "locked" });
    expect(readFileSync(path.join(place.state, "secrets", "openai"), "utf8")).toBe("old");
  });

  it("and what they are bound to outlive the daemon, and when they were used", async ({ expect }) => {
    using place = aPlace();
    const before = await place.open();
    await before.set("shared", new Secret(VALUE));
    await before.bind("shared", "brave");
    await before.bindToHost("shared", "api.example.org");
    expect(await before.lookup(BRAVE)("shared")).toBeInstanceOf(Secret);
    const after = await place.open();
    expect(await after.lookup(BRAVE)("shared")).toBeInstanceOf(Secret);
    expect(await after.lookup({ ...BRAVE, catalog: "mine" })("shared")).not.toBeInstanceOf(Secret);
    expect(await after.hostSecret("shared", "api.example.org")).toBeInstanceOf(Secret);
    expect(await after.list()).toMatchObject([
      {
        name: "shared",
        boundTo: [
          { kind: "server", server: "brave", catalog: "builtin", by: "person" },
          { kind: "host", host: "api.example.org" },
        ],
        lastUsedAt: expect.any(String) as string,
      },
    ]);
    expect(place.events.map(({ type }) => type)).toEqual(["secret.changed", "secret.bound", "secret.bound", "secret.refused"]);
    expect(JSON.stringify(place.events)).not.toContain(VALUE);
  });
});
