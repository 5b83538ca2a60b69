import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { describe, it, onTestFinished } from "vitest";
import { CLIENT_KINDS } from "../../../src/mcp/clients/client-kinds.ts";
import { createFakeDaemon } from "../../support/fake-daemon.ts";
import { runLine } from "../../support/run-line.ts";

function world() {
  const at = mkdtempSync(path.join(tmpdir(), "sbx-clients-"));
  onTestFinished(() => {
    rmSync(at, { recursive: true });
  });
  const home = path.join(at, "home");
  const project = path.join(at, "project");
  for (const directory of [home, path.join(project, ".git"), path.join(project, "src"), path.join(at, "bin")]) mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(at, "bin/sbx"), "#!/bin/sh\n", { mode: 0o755 });
  const sbx = async (...words: readonly string[]) => await runLine(["mcp", "client", ...words], { cwd: path.join(project, "src"), home, env: { PATH: path.join(at, "bin") } });
  return { at, home, project, sbx, json: (file: string): unknown => JSON.parse(readFileSync(file, "utf8")) };
}

const GATEWAY = { command: "sbx", args: ["mcp", "gateway", "run"] };

describe("sbx mcp client", () => {
  it("connects a client, says so, and takes it back without leaving a file that it made", async ({ expect }) => {
    const { home, sbx, json } = world();
    const file = path.join(home, ".cursor/mcp.json");
    const { code, out } = await sbx("connect", "cursor", "--global");
    expect(code).toBe(0);
    expect(out).toContain("=== System-wide MCP Configurations ===\n");
    expect(out).toContain(" ● cursor: connected\n   sbx: the gateway of sbx (what is enabled)\n");
    expect(out).toContain("You might have to restart 'Cursor'.");
    expect(json(file)).toEqual({ mcpServers: { sbx: GATEWAY } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = statSync(file).mtimeMs;
    await sbx("connect", "cursor", "-g", "-q");
    expect(statSync(file).mtimeMs).toBe(before);
    const list: unknown = JSON.parse((await sbx("ls", "--global", "--json")).out);
    expect(list).toMatchObject({
      cursor: { displayName: "Cursor", configName: "cursor", dockerMCPCatalogConnected: true, profile: "", error: null, isInstalled: true, isOsSupported: true, file, servers: ["sbx"] },
    });
    expect((await sbx("disconnect", "cursor", "--global", "--quiet")).out).toBe("");
    expect(readdirSync(path.dirname(file))).toEqual([]);
  });

  it("keeps what else is in the file, its mode, and a link that its person put there", async ({ expect }) => {
    const { at, home, sbx } = world();
    const real = path.join(at, "dotfiles.json");
    const text = '{\n  // mine\n  "mcpServers": {\n    "other": { "command": "x", "env": { "KEY": "secret-of-another" } }\n  }\n}\n';
    writeFileSync(real, text);
    chmodSync(real, 0o640);
    mkdirSync(path.join(home, ".gemini"));
    symlinkSync(real, path.join(home, ".gemini/settings.json"));
    const { out, err } = await sbx("connect", "gemini", "--global");
    expect(out + err).not.toContain("secret-of-another");
    expect(readFileSync(real, "utf8")).toContain("// mine");
    expect(statSync(real).mode & 0o777).toBe(0o640);
    expect(lstatSync(path.join(home, ".gemini/settings.json")).isSymbolicLink()).toBe(true);
    await sbx("disconnect", "gemini", "--global");
    expect(readFileSync(real, "utf8")).toBe(text);
    expect(readdirSync(at)).not.toContainEqual(expect.stringContaining(".new"));
  });

  it("writes into the project that the directory belongs to, for clients that have files there", async ({ expect }) => {
    const { at, home, project, sbx, json } = world();
    const { out } = await sbx("connect", "claude-code");
    expect(json(path.join(project, ".mcp.json"))).toEqual({ mcpServers: { sbx: { type: "stdio", ...GATEWAY } } });
    expect(out).toContain(`=== Project-wide MCP Configurations (${project}) ===`);
    await sbx("connect", "vscode");
    expect(json(path.join(project, ".vscode/mcp.json"))).toEqual({ servers: { sbx: { type: "stdio", ...GATEWAY } } });
    expect(readdirSync(home)).toEqual([]);
    expect((await sbx("connect", "gemini")).err).toContain("sbx mcp client connect gemini --global");
    expect((await runLine(["mcp", "client", "ls"], { cwd: at })).err).toContain("--global");
    expect((await sbx("connect", "nobody")).code).toBe(2);
  });

  it("names the profile that a client shall have, when there is one of this id", async ({ expect }) => {
    const { home, project, sbx, json } = world();
    const daemon = createFakeDaemon({ handlers: { showProfile: async ({ profile: id }) => await Promise.resolve({ profile: { version: 1, id, name: "Work", servers: [] }, document: {} }) } });
    const { code } = await runLine(["mcp", "client", "connect", "kiro", "--global", "--profile", "work"], { cwd: project, home, daemon, env: {} });
    expect(code).toBe(0);
    expect(daemon.calls.map(({ name }) => name)).toEqual(["showProfile"]);
    const file = path.join(home, ".kiro/settings/mcp.json");
    expect(json(file)).toMatchObject({ mcpServers: { sbx: { command: expect.stringMatching(/^\/.*sbx\.mjs$/), args: ["mcp", "gateway", "run", "--profile", "work"] } } });
    const { out } = await sbx("ls", "--global");
    expect(out).toContain(" ● kiro: connected\n   sbx: the gateway of sbx (profile work)");
  });

  it("never replaces or removes a server of another's that has its name", async ({ expect }) => {
    const { home, sbx } = world();
    const text = '{"mcpServers":{"sbx":{"command":"my-own"}}}';
    mkdirSync(path.join(home, ".cursor"));
    writeFileSync(path.join(home, ".cursor/mcp.json"), text);
    for (const verb of ["connect", "disconnect"]) expect((await sbx(verb, "cursor", "--global")).err).toContain("is not the gateway of sbx");
    expect(readFileSync(path.join(home, ".cursor/mcp.json"), "utf8")).toBe(text);
  });

  it("leaves a file that it cannot read as it is, and says in the list what is wrong", async ({ expect }) => {
    const { home, sbx } = world();
    mkdirSync(path.join(home, ".codex"));
    writeFileSync(path.join(home, ".codex/config.toml"), "model = \n");
    const { code, err } = await sbx("connect", "codex", "--global");
    expect(code).not.toBe(0);
    expect(err).toContain("config.toml is left as it is");
    expect(readFileSync(path.join(home, ".codex/config.toml"), "utf8")).toBe("model = \n");
    expect((await sbx("ls", "-g")).out).toMatch(/● codex: .*left as it is/);
  });

  it.for([
    ["a file that is a link out of it", (project: string, outside: string) => symlinkSync(outside, path.join(project, ".mcp.json"))],
    ["a file that is a link to nothing", (project: string) => symlinkSync(path.join(project, "../new.json"), path.join(project, ".mcp.json"))],
    ["a file that is a directory", (project: string) => mkdirSync(path.join(project, ".mcp.json"))],
  ] as const)("follows a project nowhere: %s", async ([, prepare], { expect }) => {
    const { at, project, sbx } = world();
    const outside = path.join(at, "outside.json");
    writeFileSync(outside, "{}");
    prepare(project, outside);
    const { code, err } = await sbx("connect", "claude-code");
    expect(code).not.toBe(0);
    expect(err).toContain("is left as it is");
    expect(readFileSync(outside, "utf8")).toBe("{}");
    expect(existsSync(path.join(at, "new.json"))).toBe(false);
  });

  it("follows a project nowhere: a directory that is a link out of it", async ({ expect }) => {
    const { at, project, sbx } = world();
    const outside = path.join(at, "outside");
    mkdirSync(outside);
    symlinkSync(outside, path.join(project, ".cursor"));
    symlinkSync(outside, path.join(project, ".kiro"));
    for (const client of ["cursor", "kiro"]) expect((await sbx("connect", client)).err).toContain("is left as it is");
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe("the document about MCP servers", () => {
  it("names every client with its files", ({ expect }) => {
    const text = readFileSync(fileURLToPath(new URL("../../../../../docs/mcp.md", import.meta.url)), "utf8");
    for (const { name, project, global } of CLIENT_KINDS) {
      const [first = ""] = global({ home: "~", env: {}, platform: "linux" });
      expect(text).toContain(`| \`${name}\` | \`${first}\``);
      const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
      expect(row.endsWith(project === undefined ? "| |" : `| \`${project}\` |`)).toBe(true);
    }
  });
});
