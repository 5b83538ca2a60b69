import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { createCommandSecrets } from "../src/secrets/secret-commands.ts";
import { createSecretStore, type SecretStore } from "../src/secrets/secret-store.ts";

interface Place extends Disposable {
  readonly root: string;
  readonly store: SecretStore;
  clock: number;
  commands(value: unknown): void;
}

function place(environment: Readonly<Record<string, string | undefined>> = {}): Place {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-secret-"));
  const file = path.join(root, "secrets.json");
  const here: Place = {
    root,
    clock: 0,
    store: createSecretStore({
      directory: path.join(root, "secrets"),
      commands: createCommandSecrets({ file, environment: { PATH: process.env["PATH"], ...environment }, now: () => here.clock }),
      environment,
    }),
    commands: (value) => {
      writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
    },
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true });
    },
  };
  return here;
}

const valueOf = async (store: SecretStore, name: string): Promise<string | undefined> => (await store.find(name))?.reveal();

describe("secrets", () => {
  it("come from the person's own file before a command, and from a command before the environment", async ({ expect }) => {
    using here = place({ ANTHROPIC_API_KEY: "from-environment" });
    expect(await valueOf(here.store, "anthropic")).toBe("from-environment");
    here.commands({ version: 1, commands: { anthropic: ["printf", "%s\n", "from-command"] } });
    expect(await valueOf(here.store, "anthropic")).toBe("from-command");
    await here.store.set("anthropic", "from-file");
    expect(await valueOf(here.store, "anthropic")).toBe("from-file");
    expect(await here.store.list()).toMatchObject([{ name: "anthropic", source: "file" }]);
    await here.store.remove("anthropic");
    expect(await here.store.list()).toEqual([{ name: "anthropic", source: "command" }]);
  });

  it("lie in files that only their owner reads", async ({ expect }) => {
    using here = place();
    await here.store.set("openai", "x");
    expect(statSync(path.join(here.root, "secrets")).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(here.root, "secrets/openai")).mode & 0o777).toBe(0o600);
  });

  it("of a command are asked for without a shell, and again when they are old or the command changed", async ({ expect }) => {
    using here = place();
    const counter = path.join(here.root, "count");
    here.commands({ version: 1, commands: { openai: ["sh", "-c", `echo x >> '${counter}'; wc -l < '${counter}'`] } });
    expect(await valueOf(here.store, "openai")).toBe("1");
    expect(await valueOf(here.store, "openai")).toBe("1");
    here.clock += 5 * 60_000 + 1;
    expect(await valueOf(here.store, "openai")).toBe("2");
    here.commands({ version: 1, commands: { openai: ["echo", "$(id)", ";", "`id`"] } });
    expect(await valueOf(here.store, "openai")).toBe("$(id) ; `id`");
  });

  it("are missing when their command fails or says nothing, and what it printed is not told", async ({ expect }) => {
    using here = place({ OPENAI_API_KEY: "not this one" });
    for (const argv of [["sh", "-c", "echo half-a-secret; exit 3"], ["/nonexistent/program"], ["true"]]) {
      here.commands({ version: 1, commands: { openai: argv } });
      const error = await here.store.find("openai").catch((reason: unknown) => reason);
      expect(AppError.is(error) && error.code, argv.join(" ")).toBe("CREDENTIAL_MISSING");
      expect(JSON.stringify(error)).not.toContain("half-a-secret");
    }
  });

  it("are refused with the reason when the file of commands is broken", async ({ expect }) => {
    using here = place();
    for (const broken of ["{", { version: 2, commands: {} }, { version: 1, commands: { openai: "pass show" } }, { version: 1, commands: {}, extra: 1 }]) {
      here.commands(broken);
      const error = await here.store.find("openai").catch((reason: unknown) => reason);
      expect(AppError.is(error) && error.code).toBe("CONFIG_INVALID");
    }
  });
});
