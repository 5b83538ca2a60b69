import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { inspectorProgram, pythonWithSdk, whyNoPython } from "../src/client-programs.ts";
import { ECHO_SERVER } from "../src/echo-server.ts";
import { openHost, patiently, type Host } from "../src/open-host.ts";
import { PYTHON_CLIENT } from "../src/python-client.ts";
import { runProgram } from "../src/run-program.ts";

/** What each of them does, and what it has to see. */
interface Seen {
  readonly server: string;
  readonly before: readonly string[];
  readonly found: string;
  readonly added: string;
  readonly during: readonly string[];
  readonly said: string;
  readonly removed: string;
  readonly after: readonly string[];
}

const noPython = await whyNoPython();
if (noPython !== undefined) process.stdout.write(`skipped: the official client of Python, because ${noPython}\n`);

let host: Host;
let gateway: ChildProcess;
let url: string;
let token: string;
let inspector: string;
let python: string;

beforeAll(async () => {
  host = openHost();
  const [image] = await host.imageNames(inject("baseImage"));
  const server = { name: "echo-tool", title: "Echo", description: "Says what it is told", source: { kind: "image", image }, command: ["node", "-e", ECHO_SERVER] };
  const catalog = path.join(host.home, "ours.yaml");
  writeFileSync(catalog, JSON.stringify({ version: 1, name: "ours", title: "Ours", servers: [server] }));
  await sbx("mcp", "catalog", "import", catalog);
  await sbx("mcp", "server", "allow", "echo-tool");
  token = (await sbx("mcp", "gateway", "token")).trim();
  const port = await freePort();
  url = `http://127.0.0.1:${port}/mcp`;
  const [node, script] = host.launcher;
  gateway = spawn(node, [script, "mcp", "gateway", "run", "--transport=streaming", `--port=${port}`], { cwd: host.home, env: { ...host.env }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  gateway.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  if (!(await patiently(120_000, () => said.includes("> Gateway URL")))) throw new Error(`no gateway: ${said}`);
  inspector = await inspectorProgram();
  if (noPython === undefined) python = await pythonWithSdk();
}, 900_000);
afterAll(async () => {
  gateway.kill("SIGTERM");
  await host[Symbol.asyncDispose]();
}, 120_000);

async function sbx(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await host.sbx(args);
  if (code !== 0) throw new Error(`sbx ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** What everybody has to have seen who found, added, called and removed the server. */
const right = (
  expect: { readonly stringContaining: (text: string) => unknown; readonly arrayContaining: (list: unknown[]) => unknown; readonly not: { readonly arrayContaining: (list: unknown[]) => unknown } },
  message: string,
): object => ({
  server: "sbx-mcp-gateway",
  before: expect.not.arrayContaining(["echo"]),
  found: expect.stringContaining('"name":"echo-tool"'),
  added: expect.stringContaining("Successfully added 1 tools in server 'echo-tool'"),
  during: expect.arrayContaining(["echo", "mcp-find"]),
  said: `Echo: ${message}`,
  removed: expect.stringContaining("Successfully removed server 'echo-tool'."),
  after: expect.not.arrayContaining(["echo"]),
});

describe("the official client of TypeScript", () => {
  it.for(["stdio", "http"])("finds, adds, calls and removes a server over %s", async (how, { expect }) => {
    const [node, script] = host.launcher;
    const transport =
      how === "stdio"
        ? new StdioClientTransport({ command: node, args: [script, "mcp", "gateway", "run"], env: { ...host.env }, stderr: "ignore" })
        : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } });
    const client = new Client({ name: "official-client", version: "1" });
    await client.connect(transport);
    const names = async (): Promise<readonly string[]> => (await client.listTools()).tools.map(({ name }) => name);
    const call = async (name: string, args: Record<string, unknown>): Promise<string> => {
      const { content } = (await client.callTool({ name, arguments: args })) as { readonly content: readonly { readonly text: string }[] };
      return content.map(({ text }) => text).join("\n");
    };
    const seen: Seen = {
      server: client.getServerVersion()?.name ?? "",
      before: await names(),
      found: await call("mcp-find", { query: "ecko tool" }),
      added: await call("mcp-add", { name: "echo-tool" }),
      during: await names(),
      said: await call("echo", { message: "from TypeScript" }),
      removed: await call("mcp-remove", { name: "echo-tool" }),
      after: await names(),
    };
    await client.close();
    expect(seen).toEqual(right(expect, "from TypeScript"));
  });
});

describe.skipIf(noPython !== undefined)("the official client of Python (where Python is)", () => {
  it.for(["stdio", "http"])("finds, adds, calls and removes a server over %s", async (how, { expect }) => {
    const args = how === "stdio" ? [...host.launcher, "mcp", "gateway", "run"] : [url, token];
    const { code, stdout, stderr } = await runProgram(python, ["-c", PYTHON_CLIENT, how, ...args], { cwd: host.home, env: host.env });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual(right(expect, "from Python"));
  });
});

/** What the Inspector prints: the result of the one thing that it was told to do. */
interface InspectorAnswer {
  readonly tools?: readonly { readonly name: string }[];
  readonly content?: readonly { readonly text?: string }[];
}

describe("the command line of the Inspector", () => {
  const inspect = async (how: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly answer: InspectorAnswer; readonly stderr: string }> => {
    const kept = ["SBX_STATE_DIR", "SBX_CONFIG_DIR", "SBX_VAULT_KEY"].flatMap((name) => ["-e", `${name}=${host.env[name] ?? ""}`]);
    const target = how === "stdio" ? [...host.launcher, "mcp", "gateway", "run", ...kept] : [url, "--transport", "http", "--header", `Authorization: Bearer ${token}`];
    const { code, stdout, stderr } = await runProgram(process.execPath, [inspector, "--cli", ...target, ...args], { cwd: host.home, env: host.env });
    return { code, answer: (stdout.startsWith("{") ? JSON.parse(stdout) : {}) as InspectorAnswer, stderr: stderr + stdout };
  };

  it.for(["stdio", "http"])("lists, finds, adds, calls and removes over %s, and complains of no schema", async (how, { expect }) => {
    // Each of its commands is a session of its own: what is called was enabled before.
    await sbx("mcp", "server", "enable", "echo-tool");
    const listed = await inspect(how, "--method", "tools/list", "--strict");
    expect(listed.code, listed.stderr).toBe(0);
    expect(listed.answer.tools?.map(({ name }) => name)).toEqual(expect.arrayContaining(["mcp-find", "mcp-add", "echo"]));
    const call = async (tool: string, ...pairs: readonly string[]): Promise<string> => {
      const { answer, stderr } = await inspect(how, "--method", "tools/call", "--tool-name", tool, ...pairs.flatMap((pair) => ["--tool-arg", pair]));
      return answer.content?.[0]?.text ?? stderr;
    };
    expect(await call("mcp-find", "query=ecko tool")).toContain('"name":"echo-tool"');
    expect(await call("mcp-add", "name=echo-tool")).toContain("Successfully added 1 tools");
    expect(await call("echo", "message=from the Inspector")).toBe("Echo: from the Inspector");
    expect(await call("mcp-remove", "name=echo-tool")).toContain("Successfully removed");
  });
});
