import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Command } from "@commander-js/extra-typings";
import { AppError, type SecretView, type VaultStatus } from "@sbx/contracts";
import { describe, it } from "vitest";
import { buildSecretCommand } from "../../src/commands/secret.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { runLine, startLine } from "../support/run-line.ts";

const VALUE = "sk-test-0123456789";
const daemonThatKeeps = () => createFakeDaemon({ handlers: { setSecret: () => Promise.resolve({ done: true }) } });

describe("sbx secret set", () => {
  it("reads the value from a pipe without its line end and prints it nowhere", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end(`${VALUE}\n`);
    const { code, out, err, daemon } = await runLine(["secret", "set", "anthropic"], { io, daemon: daemonThatKeeps() });
    expect(code).toBe(0);
    expect(daemon.calls).toEqual([{ name: "setSecret", input: { name: "anthropic", value: VALUE } }]);
    expect(out + err).not.toContain(VALUE);
  });

  it("asks at a terminal without echo and takes corrections", async ({ expect }) => {
    const io = createFakeIo({ terminal: true });
    const daemon = daemonThatKeeps();
    const line = startLine(["secret", "set", "anthropic"], { io, daemon });
    io.input.write("wrong\u0015sk-ü");
    io.input.write("x\u007F\u007F1\r");
    expect(await line.code).toBe(0);
    expect(daemon.calls).toEqual([{ name: "setSecret", input: { name: "anthropic", value: "sk-1" } }]);
    expect(io.rawChanges).toEqual([true, false]);
    expect(io.output() + io.errors()).not.toContain("sk-");
  });

  it("keeps nothing after Ctrl-C at the prompt, and cooks the terminal", async ({ expect }) => {
    const io = createFakeIo({ terminal: true });
    const line = startLine(["secret", "set", "anthropic"], { io });
    io.input.write("half\u0003");
    expect(await line.code).toBe(130);
    expect(line.daemon.calls).toEqual([]);
    expect(io.rawChanges).toEqual([true, false]);
  });

  it.for([
    ["secret", "set", "anthropic", VALUE],
    ["secret", "set", `anthropic=${VALUE}`],
    ["secret", "set", "anthropic", "--value", VALUE],
    ["secret", "set", "-t", VALUE, "anthropic"],
    ["secret", "set", `brave.api_key=${VALUE}`],
    ["secret", "set", `=${VALUE}`],
    ["secret", "rotate", "anthropic", VALUE],
    ["secret", "rotate", `anthropic=${VALUE}`],
    ["secret", "rotate", "anthropic", `--value=${VALUE}`],
  ])("refuses a value in the arguments, sends it nowhere and does not repeat it: %j", async (line, { expect }) => {
    const { code, out, err, daemon } = await runLine(line);
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
    expect(out + err).not.toContain(VALUE);
    expect(err).toContain("every process sees it");
  });

  it("does not repeat a value that was given in place of the name", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end("x");
    const { code, out, err, daemon } = await runLine(["secret", "set", "SK-TEST-0123"], { io });
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
    expect(out + err).not.toContain("0123");
  });

  it("takes the names of Docker's catalogs", async ({ expect }) => {
    for (const name of ["github.personal_access_token", "CONFLUENCE_API_TOKEN", "perplexity-ask.api_key"]) {
      const io = createFakeIo({ stdinKind: "data" });
      io.input.end(VALUE);
      const { code, daemon } = await runLine(["secret", "set", name], { io, daemon: daemonThatKeeps() });
      expect({ code, calls: daemon.calls }).toEqual({ code: 0, calls: [{ name: "setSecret", input: { name, value: VALUE } }] });
    }
  });

  it.for(["../vault.key", "a/b", ".hidden", "a b", "", "-x", "a\u0000b", "ä"])("takes no name that is none: %j", async (name, { expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end(VALUE);
    const { code, daemon } = await runLine(["secret", "set", "--", name], { io });
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
  });

  it("refuses an empty value and a stdin with nothing at its end", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end("\n");
    expect((await runLine(["secret", "set", "anthropic"], { io })).code).toBe(2);
    expect((await runLine(["secret", "set", "anthropic"])).code).toBe(2);
  });
});

describe("sbx secret rotate", () => {
  it("sends the new value as one for a secret that is there", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end(`${VALUE}\n`);
    const { code, out, err, daemon } = await runLine(["secret", "rotate", "anthropic"], { io, daemon: createFakeDaemon({ handlers: { rotateSecret: () => Promise.resolve({ done: true }) } }) });
    expect({ code, calls: daemon.calls }).toEqual({ code: 0, calls: [{ name: "rotateSecret", input: { name: "anthropic", value: VALUE } }] });
    expect(out + err).not.toContain(VALUE);
  });
});

const SECRETS: SecretView[] = [
  { name: "anthropic", source: "environment", boundTo: [{ kind: "model", service: "anthropic" }] },
  {
    name: "brave.api_key",
    source: "vault",
    boundTo: [{ kind: "server", server: "brave", catalog: "builtin\u001B[31m", by: "catalog" }],
    setAt: "2026-01-02T03:04:05.000Z",
    lastUsedAt: "2026-02-02T03:04:05.000Z",
  },
  { name: "github", source: "command", boundTo: [{ kind: "host", host: "*.example.org" }] },
  { name: "lonely", source: "vault", boundTo: [], setAt: "2026-01-02T03:04:05.000Z" },
];
const listing = (secrets: SecretView[], vault: VaultStatus = { state: "open", file: "/state/vault", key: "file", keyFile: "/state/vault.key" }) =>
  createFakeDaemon({ handlers: { listSecrets: () => Promise.resolve(secrets), vaultStatus: () => Promise.resolve(vault), removeSecret: () => Promise.resolve({ done: true }) } });

describe("sbx secret ls", () => {
  it("shows where each comes from, who may use it, and where the vault's key is", async ({ expect }) => {
    const { out, err } = await runLine(["secret", "ls"], { daemon: listing(SECRETS) });
    expect(out).toMatchInlineSnapshot(`
      "NAME            SOURCE        FOR                  SET                        LAST USED
      anthropic       environment   model anthropic      -                          -
      brave.api_key   vault         brave (builtin)      2026-01-02T03:04:05.000Z   2026-02-02T03:04:05.000Z
      github          command       host *.example.org   -                          -
      lonely          vault         nobody               2026-01-02T03:04:05.000Z   -
      "
    `);
    expect(err).toBe("vault: encrypted; its key is in the file /state/vault.key, not in a keychain\n");
    expect((await runLine(["secret", "ls"], { daemon: listing([], { state: "open", file: "/v", key: "keychain" }) })).err).toBe("vault: encrypted; its key is in the keychain of this system\n");
  });

  it("prints the contract's own form with --json, and nothing else", async ({ expect }) => {
    const { out, err } = await runLine(["secret", "ls", "--json"], { daemon: listing(SECRETS) });
    expect(JSON.parse(out)).toEqual(SECRETS);
    expect(err).toBe("");
  });

  it("says what to do about a locked vault", async ({ expect }) => {
    const locked = new AppError("VAULT_LOCKED", { message: "The vault stays locked", fix: "Put the key back." });
    const daemon = createFakeDaemon({ handlers: { listSecrets: () => Promise.reject(locked), vaultStatus: () => Promise.resolve({ state: "locked", file: "/v", message: "m", fix: "f" }) } });
    const { code, err } = await runLine(["secret", "ls"], { daemon });
    expect(code).toBe(125);
    expect(err).toContain("fix: Put the key back.\n  code: VAULT_LOCKED");
  });
});

describe("sbx secret rm", () => {
  it("takes several names, or all of the vault and no other source's", async ({ expect }) => {
    expect((await runLine(["secret", "rm", "a", "b"], { daemon: listing(SECRETS) })).out).toBe("a\nb\n");
    const { out, daemon } = await runLine(["secret", "rm", "--all"], { daemon: listing(SECRETS) });
    expect(out).toBe("brave.api_key\nlonely\n");
    expect(daemon.calls.filter(({ name }) => name === "removeSecret")).toHaveLength(2);
  });

  it("goes on after one that is not there, and says so by its exit code", async ({ expect }) => {
    const daemon = createFakeDaemon({
      handlers: {
        removeSecret: ({ name }) => (name === "a" ? Promise.reject(new AppError("SECRET_UNKNOWN", { message: 'The vault has no secret "a"', fix: "List them." })) : Promise.resolve({ done: true })),
      },
    });
    const { code, out, err } = await runLine(["secret", "rm", "a", "b"], { daemon });
    expect({ code, out }).toEqual({ code: 125, out: "b\n" });
    expect(err).toContain("code: SECRET_UNKNOWN");
  });

  it("wants names or --all, and not both", async ({ expect }) => {
    for (const line of [
      ["secret", "rm"],
      ["secret", "rm", "--all", "a"],
    ])
      expect(await runLine(line)).toMatchObject({ code: 2, daemon: { calls: [] } });
  });
});

describe("sbx secret bind", () => {
  it("says which server the name means", async ({ expect }) => {
    const binding = { secret: "k", server: "brave", catalog: "builtin", source: "image:mcp/brave", by: "person", boundAt: "2026-01-02T03:04:05.000Z" } as const;
    const daemon = createFakeDaemon({ handlers: { bindSecret: () => Promise.resolve(binding), unbindSecret: () => Promise.resolve({ done: true }) } });
    expect((await runLine(["secret", "bind", "k", "--server", "brave"], { daemon })).out).toBe(
      'bound: k to brave of the catalog "builtin", which is image:mcp/brave (take it back with: sbx secret unbind k --server brave)\n',
    );
    expect(JSON.parse((await runLine(["secret", "bind", "k", "--server", "brave", "--json"], { daemon })).out)).toEqual(binding);
    expect((await runLine(["secret", "unbind", "k", "--server", "brave"], { daemon })).out).toBe("k\n");
    expect(daemon.calls.at(-1)).toEqual({ name: "unbindSecret", input: { name: "k", server: "brave" } });
  });

  it("binds to a host and takes it back", async ({ expect }) => {
    const binding = { secret: "k", host: "*.example.org:8443", boundAt: "2026-01-02T03:04:05.000Z" };
    const daemon = createFakeDaemon({ handlers: { bindSecretToHost: () => Promise.resolve(binding), unbindSecretFromHost: () => Promise.resolve({ done: true }) } });
    expect((await runLine(["secret", "bind", "k", "--host", "*.Example.org:8443"], { daemon })).out).toBe(
      "bound: k to the host *.example.org:8443 (take it back with: sbx secret unbind k --host '*.example.org:8443')\n",
    );
    expect(JSON.parse((await runLine(["secret", "bind", "k", "--host", "*.Example.org:8443", "--json"], { daemon })).out)).toEqual(binding);
    expect((await runLine(["secret", "unbind", "k", "--host", "*.example.org:8443"], { daemon })).out).toBe("k\n");
    expect(daemon.calls.map(({ name, input }) => [name, input])).toEqual([
      ["bindSecretToHost", { name: "k", host: "*.Example.org:8443" }],
      ["bindSecretToHost", { name: "k", host: "*.Example.org:8443" }],
      ["unbindSecretFromHost", { name: "k", host: "*.example.org:8443" }],
    ]);
  });

  it("wants a server or a host, and not both", async ({ expect }) => {
    for (const word of ["bind", "unbind"])
      for (const to of [[], ["--server", "brave", "--host", "api.example.org"]]) expect(await runLine(["secret", word, "k", ...to])).toMatchObject({ code: 2, daemon: { calls: [] } });
  });
});

describe("sbx secret import", () => {
  async function importing(text: string): Promise<Awaited<ReturnType<typeof runLine>> & { readonly after: string }> {
    const cwd = mkdtempSync(path.join(tmpdir(), "sbx-import-"));
    try {
      writeFileSync(path.join(cwd, ".env"), text);
      const result = await runLine(["secret", "import", ".env"], { cwd, daemon: daemonThatKeeps() });
      return { ...result, after: readFileSync(path.join(cwd, ".env"), "utf8") };
    } finally {
      rmSync(cwd, { recursive: true });
    }
  }

  it("keeps what is a secret, tells what is not, repeats no value and leaves the file alone", async ({ expect }) => {
    const text = `# keys\nbrave.api_key=${VALUE}\nexport OTHER=${VALUE}2\n${VALUE}3\ntavily.api_token="quoted"\n`;
    const { code, out, err, daemon, after } = await importing(text);
    expect(code).toBe(1);
    expect(daemon.calls).toEqual([
      { name: "setSecret", input: { name: "brave.api_key", value: VALUE } },
      { name: "setSecret", input: { name: "tavily.api_token", value: '"quoted"' } },
    ]);
    expect(out).toContain("kept: brave.api_key\nkept: tavily.api_token\nleft out: line 3: what stands before = is no secret's name\nleft out: line 4: it has no =\n");
    expect(out).toContain("remove it when nothing else needs it");
    expect(out + err).not.toContain("sk-test");
    expect(after).toBe(text);
  });

  it("keeps nothing of a file in which a key stands in a name's place", async ({ expect }) => {
    const { code, out, err, daemon } = await importing(`a=b\n${VALUE}abcdef=x\n`);
    expect({ code, calls: daemon.calls }).toEqual({ code: 125, calls: [] });
    expect(out + err).not.toContain("sk-test");
  });

  it("ends with 0 when every line was kept, and with 2 when there is no such file", async ({ expect }) => {
    expect((await importing("a.b=c\n")).code).toBe(0);
    expect((await runLine(["secret", "import", "/nonexistent/file"])).code).toBe(2);
    expect((await runLine(["secret", "import", "/dev/zero"])).code).toBe(2);
  });
});

describe("the commands about secrets", () => {
  it("stand a second time under other words, with examples that say these", ({ expect }) => {
    const parent = new Command("mcp");
    const texts: string[] = [];
    const command = buildSecretCommand({} as never, () => {}, "sbx mcp secret");
    parent.addCommand(command);
    for (const child of command.commands) child.configureOutput({ writeOut: (text) => void texts.push(text) }).outputHelp();
    expect(texts.join("")).toContain("$ sbx mcp secret set anthropic");
    expect(texts.join("")).not.toContain("$ sbx secret");
  });
});
