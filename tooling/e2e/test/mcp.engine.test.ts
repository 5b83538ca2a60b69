import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { ECHO_SERVER } from "../src/echo-server.ts";
import { openHost, type Host } from "../src/open-host.ts";

/** How each agent is told a task, headless. Some take the list of tools once, at their start: a new one is called through mcp-exec. */
const AGENTS = [
  { agent: "claude", args: (task: string) => ["-p", task], call: "echo" },
  { agent: "codex", args: (task: string) => ["--", task], call: "mcp-exec" },
  { agent: "gemini", args: (task: string) => ["-p", task], call: "echo" },
  { agent: "opencode", args: (task: string) => ["--", task], call: "echo" },
  { agent: "copilot", args: (task: string) => ["-p", task], call: "echo" },
  { agent: "qwen", args: (task: string) => ["-p", task], call: "mcp-exec" },
  { agent: "cline", args: (task: string) => ["--", task], call: "mcp-exec" },
] as const;

const CALLS = { echo: { message: "through the gateway" }, "mcp-exec": { name: "echo", arguments: { message: "through the gateway" } } } as const;

function taskOf(call: keyof typeof CALLS): string {
  const steps = [
    ["mcp-find", { query: "ecko tool", limit: 3 }],
    ["mcp-add", { name: "echo-tool" }],
    [call, CALLS[call]],
    ["mcp-remove", { name: "echo-tool" }],
  ] as const;
  return steps.map(([tool, args]) => `\`\`\`tool ${tool}\n${JSON.stringify(args)}\n\`\`\``).join("\nThen:\n");
}

let host: Host;

async function run(args: readonly string[], cwd?: string): Promise<string> {
  const { code, stdout, stderr } = await host.sbx(args, cwd === undefined ? {} : { cwd });
  if (code !== 0) throw new Error(`sbx ${args.join(" ")} ended with ${code}: ${stderr}\n${stdout}`);
  return stdout;
}

beforeAll(async () => {
  host = openHost();
  const [image] = await host.imageNames(inject("baseImage"));
  const server = { name: "echo-tool", title: "Echo", description: "Says what it is told", source: { kind: "image", image }, command: ["node", "-e", ECHO_SERVER] };
  const catalog = path.join(host.home, "ours.yaml");
  writeFileSync(catalog, JSON.stringify({ version: 1, name: "ours", title: "Ours", servers: [server, { ...server, name: "not-allowed" }] }));
  await run(["mcp", "catalog", "import", catalog]);
  await run(["mcp", "server", "allow", "echo-tool"]);
  // Images are built from npm when they are not there yet.
  for (const { agent } of AGENTS) await run(["create", "-q", "--model", "scripted", "--name", agent, agent], await host.project(agent, 1234));
}, 1_800_000);
afterAll(() => host[Symbol.asyncDispose](), 60_000);

describe("agents and their MCP gateway", () => {
  it.for(AGENTS)("$agent finds, adds, calls and removes a server without having been configured", async ({ agent, args, call }, { expect }) => {
    const cwd = path.join(path.dirname(host.stateDirectory), "src", agent);
    const stdout = await run(["run", "--model", "scripted", agent, ...args(taskOf(call))], cwd);
    expect(stdout).toContain('"name":"echo-tool"');
    expect(stdout).toContain("Successfully added 1 tools in server 'echo-tool'");
    expect(stdout).toContain("Echo: through the gateway");
    expect(stdout).toContain("Successfully removed server 'echo-tool'.");

    // Nothing of it is in the workspace, and nothing of the server runs any more.
    expect((await host.git(cwd, "status", "--porcelain")).stdout).toBe("");
    const { id } = await host.sandbox(agent);
    expect(await run(["mcp", "ls", "--json"])).not.toContain(id);
    const events = (await host.events()).filter(({ sandbox }) => sandbox === id);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["server.added", "server.started", "tool.called", "server.removed", "server.ended"]));
    expect(events.find(({ type }) => type === "tool.called")?.fields).toMatchObject({ server: "echo-tool", tool: "echo", isError: false });
    expect(events.find(({ type }) => type === "server.removed")?.fields["tokensSaved"]).toBeGreaterThan(0);
  });

  it("keeps to each sandbox what it added, and adds nothing that nobody allowed", async ({ expect }) => {
    const ask = (name: string, method: string, params: unknown): Promise<string> =>
      run(["exec", name, "node", "-e", CLIENT, JSON.stringify([{ method: "tools/call", params: { name: "mcp-add", arguments: { name: method } } }, params])]);
    const added = await ask("claude", "echo-tool", { method: "tools/list", params: {} });
    expect(added).toContain('"name":"echo"');
    const other = await ask("codex", "not-allowed", { method: "tools/list", params: {} });
    expect(other).toContain("sbx mcp server");
    expect(other).not.toContain('"name":"echo"');
    expect(await run(["mcp", "ls", "--json"])).toContain((await host.sandbox("claude")).id);
    await run(["stop", "claude"]);
    expect(JSON.parse(await run(["mcp", "ls", "--json"]))).toEqual([]);
  });
});

/** Sends requests to the gateway, in one session, and prints the answers. */
const CLIENT = `
const url = "http://mcp.sbx.internal/mcp";
const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const send = async (body) => {
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...body }) });
  headers["mcp-session-id"] ??= answer.headers.get("mcp-session-id");
  return answer.text();
};
(async () => {
  await send({ id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } } });
  await send({ method: "notifications/initialized" });
  for (const [index, request] of JSON.parse(process.argv[1]).entries()) console.log(await send({ id: index + 1, ...request }));
})();
`;
