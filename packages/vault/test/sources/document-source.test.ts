import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { SecretSource } from "@sbx/secret-injector";
import { describe, it } from "vitest";
import { createDocumentSource } from "../../src/index.ts";
import { failure } from "../support/place.ts";

interface Place extends Disposable {
  readonly root: string;
  readonly source: SecretSource;
  clock: number;
  write(document: unknown): void;
}

function aPlace(environment: Readonly<Record<string, string>> = {}): Place {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-sources-"));
  const file = path.join(root, "secrets.json");
  const here: Place = {
    root,
    clock: 0,
    source: createDocumentSource({ file, environment: { PATH: process.env["PATH"], ...environment }, now: () => here.clock, limits: { timeoutMs: 2000, maxBytes: 1000 } }),
    write: (document) => {
      writeFileSync(file, typeof document === "string" ? document : JSON.stringify(document));
    },
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true });
    },
  };
  return here;
}

const valueOf = async (source: SecretSource, name: string): Promise<string | undefined> => (await source.find(name))?.reveal();
const command = (...argv: readonly string[]) => ({ version: 2, secrets: { s: { command: argv } } });

describe("secrets.json", () => {
  it("says where secrets are: a command's output, a file, a variable", async ({ expect }) => {
    using here = aPlace({ SBX_OPENAI: "from-variable" });
    writeFileSync(path.join(here.root, "brave"), "from-file\n");
    symlinkSync(path.join(here.root, "brave"), path.join(here.root, "link"));
    here.write({
      version: 2,
      secrets: {
        anthropic: { command: ["printf", "%s\n", "from-command"] },
        "brave.api_key": { file: path.join(here.root, "brave") },
        linked: { file: path.join(here.root, "link") },
        openai: { environment: "SBX_OPENAI" },
      },
    });
    for (const [name, value] of [
      ["anthropic", "from-command"],
      ["brave.api_key", "from-file"],
      ["linked", "from-file"],
      ["openai", "from-variable"],
      ["constructor", undefined],
      ["other", undefined],
    ] as const)
      expect(await valueOf(here.source, name), name).toBe(value);
    expect(Object.fromEntries(await here.source.names())).toEqual({ anthropic: "command", "brave.api_key": "file", linked: "file", openai: "environment" });
  });

  it("of the version before is read too, and none at all is no mistake", async ({ expect }) => {
    using here = aPlace();
    expect(await valueOf(here.source, "openai")).toBeUndefined();
    here.write({ version: 1, commands: { openai: ["echo", "x"] } });
    expect(await valueOf(here.source, "openai")).toBe("x");
  });

  it.for([
    "{",
    { version: 3, secrets: {} },
    { version: 1, commands: { openai: "pass show" } },
    { version: 1, commands: {}, extra: 1 },
    { version: 2, secrets: { a: { command: [] } } },
    { version: 2, secrets: { a: { command: ["x"], file: "/x" } } },
    { version: 2, secrets: { a: { file: "relative" } } },
    { version: 2, secrets: { a: { environment: "NOT A NAME" } } },
    { version: 2, secrets: { "../a": { file: "/x" } } },
    { version: 2, secrets: { a: "sk-a-key-in-the-wrong-place" } },
  ])("is refused whole when it is not right: %j", async (document, { expect }) => {
    using here = aPlace();
    here.write(document);
    const error = await failure(here.source.find("a"));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message + error.fix).not.toContain("sk-a-key");
    expect((await failure(here.source.names())).code).toBe("CONFIG_INVALID");
  });
});

describe("a secret's command", () => {
  it("runs without a shell, in no directory of anybody's, with nothing on its standard input", async ({ expect }) => {
    using here = aPlace();
    here.write(command("echo", "$(id)", ";", "`id`"));
    expect(await valueOf(here.source, "s")).toBe("$(id) ; `id`");
    here.write(command("pwd"));
    expect(await valueOf(here.source, "s")).toBe("/");
    here.write(command("sh", "-c", "cat; echo end"));
    expect(await valueOf(here.source, "s")).toBe("end");
  });

  it("may put spaces and line ends around it", async ({ expect }) => {
    using here = aPlace();
    here.write(command("printf", " \t value \r\n\n"));
    expect(await valueOf(here.source, "s")).toBe("value");
  });

  it("is asked once for many uses at the same time, and again when its answer is old or it changed", async ({ expect }) => {
    using here = aPlace();
    const counter = path.join(here.root, "count");
    const counting = (text: string) => command("sh", "-c", `echo x >> '${counter}'; echo ${text}$(wc -l < '${counter}')`);
    here.write(counting(""));
    expect(await Promise.all([1, 2, 3].map(() => valueOf(here.source, "s")))).toEqual(["1", "1", "1"]);
    here.clock += 5 * 60_000 + 1;
    expect(await valueOf(here.source, "s")).toBe("2");
    here.write(counting("n"));
    expect(await valueOf(here.source, "s")).toBe("n3");
  });

  it.for([
    ["fails", ["sh", "-c", "echo half-a-secret; echo half-a-secret >&2; exit 3"], "exit code 3"],
    ["is not there", ["/nonexistent/program", "half-a-secret"], "ENOENT"],
    ["is killed", ["sh", "-c", "echo half-a-secret; kill -9 $$"], "SIGKILL"],
    ["says nothing", ["true"], "printed nothing"],
    ["says nothing but spaces", ["echo", "  "], "printed nothing"],
    ["says too much", ["sh", "-c", "yes half-a-secret | head -c 5000"], "printed too much"],
    ["does not end", ["sleep", "60"], "no answer within 2 seconds"],
  ] as const)("that %s is told, without what it printed or was given", async ([, argv, why], { expect }) => {
    using here = aPlace();
    here.write(command(...argv));
    const error = await failure(here.source.find("s"));
    expect(error.code).toBe("CREDENTIAL_MISSING");
    expect(error.message).toContain(why);
    expect(`${error.stack}${JSON.stringify(error)}${String(error.cause)}`).not.toContain("half-a-secret");
  });

  it("that failed is asked again, and is not remembered", async ({ expect }) => {
    using here = aPlace();
    const flag = path.join(here.root, "flag");
    here.write(command("cat", flag));
    await failure(here.source.find("s"));
    writeFileSync(flag, "now");
    expect(await valueOf(here.source, "s")).toBe("now");
  });
});

describe("a secret's file", () => {
  it.for([
    ["is not there", () => {}, "ENOENT"],
    ["is empty", (file: string) => writeFileSync(file, "\n\n"), "is empty"],
    ["is a pipe that nobody writes to", (file: string) => execFileSync("mkfifo", [file]), "no regular file"],
    ["is far too long", (file: string) => writeFileSync(file, "x".repeat(70_000)), "is longer than"],
  ] as const)("that %s is told", async ([, make, why], { expect }) => {
    using here = aPlace();
    const file = path.join(here.root, "secret");
    make(file);
    here.write({ version: 2, secrets: { s: { file } } });
    const error = await failure(here.source.find("s"));
    expect(error.code).toBe("CREDENTIAL_MISSING");
    expect(error.message).toContain(why);
  });

  it("keeps its lines, and loses only the ends of lines behind it", async ({ expect }) => {
    using here = aPlace();
    const file = path.join(here.root, "key.pem");
    writeFileSync(file, " -----BEGIN-----\nabc\n-----END-----\r\n\n");
    chmodSync(file, 0o400);
    here.write({ version: 2, secrets: { s: { file } } });
    expect(await valueOf(here.source, "s")).toBe(" -----BEGIN-----\nabc\n-----END-----");
    expect(readFileSync(file, "utf8")).toContain("abc");
  });
});

describe("a secret's variable", () => {
  it("that is not set is told", async ({ expect }) => {
    using here = aPlace({ EMPTY: "" });
    for (const environment of ["NOT_SET", "EMPTY", "__proto__"]) {
      here.write({ version: 2, secrets: { s: { environment } } });
      expect((await failure(here.source.find("s"))).code).toBe("CREDENTIAL_MISSING");
    }
  });
});
