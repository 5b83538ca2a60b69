import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { ECHO_SERVER } from "../src/echo-server.ts";
import { openHost, type Host } from "../src/open-host.ts";
import { witness, type Served } from "../src/serve-clients.ts";

const WITNESS_PORT = 47_831;

/** As the Kits of others have it: registers the gateway by what it finds in its environment, if it finds anything. */
const HOOK = `[ -n "$MCP_GATEWAY_URL" ] || exit 0
printf '{"mcpServers":{"mcp-gateway":{"type":"http","url":"%s","headers":{"Authorization":"Bearer %s"}}}}' "$MCP_GATEWAY_URL" "$MCP_SENTINEL_TOKEN_NAME" > "$HOME/.registered.json"
env | cut -d= -f1 | sort | xargs > "$HOME/.hook-names"
printf %s "$WORKSPACE_DIR" > "$HOME/.hook-workspace"`;

const KIT = JSON.stringify({
  schemaVersion: "3",
  kind: "workload",
  version: "1.0.0",
  capabilities: [
    {
      type: "com.docker.sandbox/lifecycle@1",
      config: {
        install: [{ command: ["sh", "-c", HOOK], user: "agent", env: ["MCP_GATEWAY_URL", "MCP_SENTINEL_TOKEN_NAME", "WORKSPACE_DIR", "SBX_CRED_ANTHROPIC_MODE"] }],
        startup: [{ command: ["sh", "-c", 'printf %s "${MCP_GATEWAY_URL-unset}" > "$HOME/.undeclared"'] }],
      },
    },
  ],
});

/** The files in which the story's project, and one that means harm, name their servers. */
const FILES: Readonly<Record<string, unknown>> = {
  ".kiro/settings/mcp.json": { mcpServers: { gateway: { url: "http://host.docker.internal:8811/" } } },
  ".mcp.json": { mcpServers: { gateway: { type: "http", url: "http://mcp.sbx.internal/" } } },
  ".cursor/mcp.json": {
    mcpServers: {
      name: { url: "http://elsewhere.example/mcp" },
      address: { url: `http://127.0.0.1:${WITNESS_PORT}/mcp` },
      host: { url: `http://host.docker.internal:${WITNESS_PORT}/mcp` },
      literal: { url: "http://192.0.2.10/mcp" },
      metadata: { url: "http://169.254.169.254/mcp" },
    },
  },
};

/** Reads a file of servers as a client does, and says what each of them offers. */
const CLIENT = `
const { mcpServers } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
const ask = async ({ url, headers: own }) => {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream", ...own };
  const send = async (body) => {
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...body }), signal: AbortSignal.timeout(60000) });
    headers["mcp-session-id"] ??= answer.headers.get("mcp-session-id");
    const text = await answer.text();
    return answer.status === 202 ? undefined : JSON.parse(text.startsWith("{") ? text : text.split("\\n").find((line) => line.startsWith("data: {")).slice(6));
  };
  await send({ id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } } });
  await send({ method: "notifications/initialized" });
  const listed = await send({ id: 1, method: "tools/list" });
  const called = await send({ id: 2, method: "tools/call", params: { name: "echo", arguments: { message: "from the workspace" } } });
  return { tools: listed.result.tools.map(({ name }) => name), said: called.result.content[0].text };
};
(async () => {
  const answers = {};
  for (const [name, server] of Object.entries(mcpServers)) answers[name] = await ask(server).catch((error) => ({ error: String(error.cause?.code ?? error.message) }));
  console.log(JSON.stringify(answers));
})();
`;

let host: Host;
let project: string;
let onHost: Served;

async function sbx(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await host.sbx(args, { cwd: project });
  if (code !== 0) throw new Error(`sbx ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

const ask = async (file: string): Promise<unknown> => JSON.parse(await sbx("exec", "mine", "node", "-e", CLIENT, file));

beforeAll(async () => {
  host = openHost();
  onHost = await witness("0.0.0.0", WITNESS_PORT);
  project = await host.project("story");
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
    writeFileSync(path.join(project, name), JSON.stringify(content));
    chmodSync(path.join(project, name), 0o644);
  }
  const kit = path.join(host.home, "mine");
  mkdirSync(kit);
  writeFileSync(path.join(kit, "kit.yaml"), KIT);
  writeFileSync(path.join(kit, "kit.dockerfile"), 'ARG SBX_BASE\nFROM ${SBX_BASE}\nUSER agent\nCMD ["/bin/bash", "-l"]\n');
  const [image] = await host.imageNames(inject("baseImage"));
  const catalog = path.join(host.home, "ours.yaml");
  writeFileSync(
    catalog,
    JSON.stringify({
      version: 1,
      name: "ours",
      title: "Ours",
      servers: ["echo-tool", "project-tool"].map((name) => ({ name, source: { kind: "image", image }, command: ["node", "-e", ECHO_SERVER] })),
    }),
  );
  await sbx("mcp", "catalog", "import", catalog);
  await sbx("mcp", "server", "enable", "echo-tool");
  writeFileSync(path.join(project, "profiles.json"), JSON.stringify({ profiles: [{ version: 1, id: "app", name: "App", servers: [{ name: "project-tool" }] }] }));
  await sbx("create", "-q", "--name", "mine", kit);
}, 600_000);
afterAll(async () => {
  await onHost[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
}, 60_000);

describe("a workspace's own files of MCP servers", () => {
  it.for([".kiro/settings/mcp.json", ".mcp.json"])("work when they point to the gateway: %s", async (file, { expect }) => {
    expect(await ask(path.join(project, file))).toEqual({ gateway: { tools: expect.arrayContaining(["echo", "mcp-find"]), said: "Echo: from the workspace" } });
  });

  it("are inert when they point elsewhere: nothing is reached by name or address, of this machine neither", async ({ expect }) => {
    const answers = (await ask(path.join(project, ".cursor/mcp.json"))) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    expect(Object.keys(answers)).toHaveLength(5);
    for (const [name, answer] of Object.entries(answers)) expect(Object.keys(answer), name).toEqual(["error"]);
    expect(onHost.seen).toEqual([]);
    const denied = (await host.events()).filter(({ type }) => type === "egress.denied").map(({ fields }) => fields["to"]);
    expect(denied).toEqual(expect.arrayContaining(["elsewhere.example", "192.0.2.10"]));
  });

  it("are not changed from inside", async ({ expect }) => {
    await host.sbx(["exec", "mine", "sh", "-c", "echo x > .mcp.json; echo x > .kiro/settings/mcp.json; echo x > .vscode/mcp.json"], { cwd: project });
    expect(await ask(path.join(project, ".mcp.json"))).toMatchObject({ gateway: { said: "Echo: from the workspace" } });
    expect(existsSync(path.join(project, ".vscode/mcp.json"))).toBe(false);
  });
});

describe("servers that a project offers", () => {
  it("are in none of its sandboxes before the person takes over what was looked at, and then at once", async ({ expect }) => {
    const file = path.join(project, ".mcp.json");
    const { stderr } = await host.sbx(["run", path.join(host.home, "mine"), "--", "/bin/true"], { cwd: project });
    const [, hash = ""] = /this project offers MCP servers \(project-tool\): .* sbx mcp profile activate ([0-9a-f]{12})/.exec(stderr) ?? [];
    expect(hash).not.toBe("");
    expect(JSON.stringify(await ask(file))).not.toContain("project-tool__echo");
    expect(await sbx("mcp", "profile", "offered")).toContain("as your catalog ours says");
    expect(await sbx("mcp", "profile", "activate", hash)).toContain("have: project-tool");
    await expect.poll(async () => JSON.stringify(await ask(file)), { timeout: 120_000, interval: 500 }).toContain("project-tool__echo");
    expect((await host.sbx(["run", path.join(host.home, "mine"), "--", "/bin/true"], { cwd: project })).stderr).not.toContain("offers MCP servers");
  });
});

describe("hooks of a Kit that expect the gateway in their environment", () => {
  it("find it where they declare it, and it works as they write it down", async ({ expect }) => {
    expect(await ask("/home/agent/.registered.json")).toEqual({ "mcp-gateway": { tools: expect.arrayContaining(["echo"]), said: "Echo: from the workspace" } });
    expect((await sbx("exec", "mine", "cat", "/home/agent/.hook-workspace")).trim()).toBe(project);
  });

  it("see nothing that they did not declare, and no mode of a credential that there is not", async ({ expect }) => {
    expect((await sbx("exec", "mine", "cat", "/home/agent/.undeclared")).trim()).toBe("unset");
    const names = (await sbx("exec", "mine", "cat", "/home/agent/.hook-names")).trim().split(" ");
    expect(names).toEqual(expect.arrayContaining(["MCP_GATEWAY_URL", "MCP_SENTINEL_TOKEN_NAME", "WORKSPACE_DIR"]));
    for (const name of names) expect(name).toMatch(/^(?:MCP_GATEWAY_URL|MCP_SENTINEL_TOKEN_NAME|WORKSPACE_DIR|PATH|HOME|HOSTNAME|TERM|PWD|OLDPWD|SHLVL|_)$/);
  });
});
