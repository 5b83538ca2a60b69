import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, inject, it, type ExpectStatic } from "vitest";
import { ECHO_SERVER } from "../src/echo-server.ts";
import { giveTo, openHost, patiently, type Host } from "../src/open-host.ts";
import { openTerminal, type Terminal } from "../src/open-terminal.ts";

const random = (length: number): string => randomBytes(length).toString("base64url").slice(0, length);
/** Keys as providers give them; nothing of them may ever be seen where an agent is. */
const KEYS = { anthropic: `sk-ant-api03-${random(95)}`, openai: `sk-proj-${random(156)}`, google: `AIza${random(35)}`, qwen: `sk-${random(32)}` } as const;

/**
 * How each agent is told a task, headless; the variable that holds what stands for its key; its model service; the tool it
 * calls a server's tool by, where it speaks MCP (some take the list of tools once, at their start: a new one is called
 * through mcp-exec); what its first screen shows on a terminal; and how Ctrl-C ends it there: at once, again when it asks
 * for that, or twice quickly.
 */
const AGENTS = [
  { agent: "claude", args: (task: string) => ["-p", task], variable: "ANTHROPIC_API_KEY", service: "anthropic", call: "echo", ready: /bypass permissions on/, leave: "again" },
  { agent: "codex", args: (task: string) => ["--", task], variable: "OPENAI_API_KEY", service: "openai", call: "mcp-exec", ready: /OpenAI Codex[^]*\n[^]*›/, leave: "once" },
  { agent: "gemini", args: (task: string) => ["-p", task], variable: "GEMINI_API_KEY", service: "google", call: "echo", ready: /Type your message/, leave: "again" },
  { agent: "opencode", args: (task: string) => ["--", task], variable: "ANTHROPIC_API_KEY", service: "anthropic", call: "echo", ready: /Ask anything/, leave: "once" },
  { agent: "copilot", args: (task: string) => ["-p", task], variable: "COPILOT_PROVIDER_API_KEY", service: "openai", call: "echo", ready: /\n❯[^]*commands/, leave: "again" },
  { agent: "qwen", args: (task: string) => ["-p", task], variable: "OPENAI_API_KEY", service: "qwen", call: "mcp-exec", ready: /Type your message/, leave: "again" },
  {
    agent: "cline",
    args: (task: string) => ["--", task],
    variable: "ANTHROPIC_API_KEY",
    service: "anthropic",
    call: "mcp-exec",
    ready: /What can I do for you[^]*Auto-approve all enabled/,
    leave: "once",
  },
  { agent: "pi", args: (task: string) => ["-p", task], variable: "ANTHROPIC_API_KEY", service: "anthropic", call: undefined, ready: /ctrl\+c\/ctrl\+d clear\/exit/, leave: "quickly" },
] as const;

/**
 * What the scripted model has the agent do: work, look for credentials, and try to get out. Without quotes, which
 * OpenCode escapes once more, and without `$(…)`, which Gemini CLI takes for an injection.
 */
const TASK = `Please do this:
\`\`\`sh
echo written by an agent > made.txt
cat /proc/[0-9]*/environ > environments 2>/dev/null
curl -sS -m 10 -o refusal.txt -w %{http_code} http://forbidden.example/path > status.txt
curl -sS -m 10 https://forbidden.example/ > tls.txt 2>&1; echo curl ended with $? >> tls.txt
id; echo worked in $PWD
\`\`\``;

/** What an agent asks of its MCP gateway: a server is found, added, called and removed. */
const CALLS = { echo: { message: "through the gateway" }, "mcp-exec": { name: "echo", arguments: { message: "through the gateway" } } } as const;

function toolsOf(call: keyof typeof CALLS | undefined): string {
  if (call === undefined) return "";
  const step = (tool: string, args: unknown): string => `\nThen:\n\`\`\`tool ${tool}\n${JSON.stringify(args)}\n\`\`\``;
  // Gemini CLI offers its model new tools only a moment after it was told of them; until then there is mcp-exec.
  const settle = call === "mcp-exec" ? "" : "\nThen:\n```sh\ntimeout 5 tail -f /dev/null; echo settled\n```";
  return [step("mcp-find", { query: "ecko tool", limit: 3 }), step("mcp-add", { name: "echo-tool" }), settle, step(call, CALLS[call]), step("mcp-remove", { name: "echo-tool" })].join("");
}

let host: Host;

/** Run a command that must come to a good end; what it printed. */
async function sbx(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await host.sbx(args);
  if (code !== 0) throw new Error(`sbx ${args.join(" ")} ended with ${code}: ${stderr}\n${stdout}`);
  return stdout;
}

beforeAll(async () => {
  host = openHost({ OPENAI_API_KEY: KEYS.openai, GEMINI_API_KEY: KEYS.google, DASHSCOPE_API_KEY: KEYS.qwen });
  const { code, stderr } = await host.sbx(["secret", "set", "anthropic"], { input: KEYS.anthropic });
  if (code !== 0) throw new Error(stderr);
  const [image] = await host.imageNames(inject("baseImage"));
  const server = { name: "echo-tool", title: "Echo", description: "Says what it is told", source: { kind: "image", image }, command: ["node", "-e", ECHO_SERVER] };
  const catalog = path.join(host.home, "ours.yaml");
  writeFileSync(catalog, JSON.stringify({ version: 1, name: "ours", title: "Ours", servers: [server, { ...server, name: "not-allowed" }] }));
  await sbx("mcp", "catalog", "import", catalog);
  await sbx("mcp", "server", "allow", "echo-tool");
  // Images are built from npm when they are not there yet.
  for (const { agent } of AGENTS) {
    const made = await host.sbx(["create", "-q", "--model", "scripted", "--name", agent, agent], { cwd: await host.project(agent, 1234) });
    if (made.code !== 0) throw new Error(made.stderr);
  }
}, 1_800_000);
afterAll(() => host[Symbol.asyncDispose](), 60_000);

/** Which of the real keys are in a text. */
function keysIn(text: string): readonly string[] {
  return Object.entries(KEYS).flatMap(([name, key]) => (text.includes(key) || text.includes(key.slice(-24)) || text.includes(Buffer.from(key).toString("base64").slice(4, -4)) ? [name] : []));
}

/** The server was found, added, called and removed, all of it on record, and nothing of it runs any more. */
async function usedTheGateway(expect: ExpectStatic, { stdout, sandbox }: { readonly stdout: string; readonly sandbox: string }): Promise<void> {
  expect(stdout).toContain('"name":"echo-tool"');
  expect(stdout).toContain("Successfully added 1 tools in server 'echo-tool'");
  expect(stdout).toContain("Echo: through the gateway");
  expect(stdout).toContain("Successfully removed server 'echo-tool'.");
  expect(await sbx("mcp", "ls", "--json")).not.toContain(sandbox);
  const events = (await host.events()).filter((event) => event.sandbox === sandbox);
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["server.added", "server.started", "tool.called", "server.removed", "server.ended"]));
  expect(events.find(({ type }) => type === "tool.called")?.fields).toMatchObject({ server: "echo-tool", tool: "echo", isError: false });
  expect(events.find(({ type }) => type === "server.removed")?.fields["tokensSaved"]).toBeGreaterThan(0);
}

describe("real agents at work behind the wall", () => {
  it.for(AGENTS)("$agent completes its task, uses the gateway unconfigured, is refused what is forbidden, and holds no key", async ({ agent, args, variable, service, call }, { expect }) => {
    const cwd = path.join(path.dirname(host.stateDirectory), "src", agent);
    const read = (name: string): string => readFileSync(path.join(cwd, name), "utf8");
    const { code, stdout, stderr } = await host.sbx(["run", "--model", "scripted", agent, ...args(`${TASK}${toolsOf(call)}`)], { cwd });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("uid=1234(agent)");
    expect(stdout).toContain(`worked in ${cwd}`);
    expect(read("made.txt")).toBe("written by an agent\n");
    expect(statSync(path.join(cwd, "made.txt"))).toMatchObject({ uid: 1234, gid: 1234 });
    expect(stderr).toContain("made.txt");

    expect(read("status.txt")).toBe("403");
    expect(read("refusal.txt")).toContain("sbx policy allow forbidden.example");
    expect(read("tls.txt")).toContain("curl ended with 7");
    const sandbox = await host.sandbox(agent);
    const events = (await host.events()).filter((event) => event.sandbox === sandbox.id);
    expect(events.filter(({ type, fields }) => type === "egress.denied" && fields["to"] === "forbidden.example").map(({ fields }) => fields["port"])).toContain(80);
    expect(stderr).toContain("forbidden.example");
    expect(events.filter(({ type }) => type === "egress.allowed")).toEqual([]);
    expect(events.filter(({ type, fields }) => type === "model.used" && fields["service"] === service).length).toBeGreaterThan(0);

    if (call !== undefined) await usedTheGateway(expect, { stdout, sandbox: sandbox.id });
    expect((await host.git(cwd, "status", "--porcelain")).stdout.trim().split("\n")).toEqual(["environments", "made.txt", "refusal.txt", "status.txt", "tls.txt"].map((name) => `?? ${name}`));

    expect(read("environments")).toContain(`${variable}=`);
    const home = await host.sbx(["exec", agent, "sh", "-c", "env; tar c -C ~ . 2>/dev/null; tar c /tmp /etc /run/sbx 2>/dev/null; cat /proc/[0-9]*/cmdline"]);
    expect(home.stdout.length).toBeGreaterThan(10_000);
    const containers = await Promise.all((await host.containersOf(sandbox.id)).map(({ Id }) => host.inspect(Id)));
    expect(containers).toHaveLength(2);
    expect(containers.join("")).toContain(variable);
    for (const text of [...containers, home.stdout, read("environments"), stdout, stderr, (await host.sbx(["logs", agent])).stdout]) expect(keysIn(text)).toEqual([]);
  });
});

describe("codex without a terminal", () => {
  it("runs no program that the workspace's settings name", async ({ expect }) => {
    const cwd = await host.project("planted", 1234);
    mkdirSync(path.join(cwd, ".codex"));
    writeFileSync(path.join(cwd, ".codex", "config.toml"), '[mcp_servers.planted]\ncommand = "sh"\nargs = ["-c", "id > /tmp/planted"]\n');
    giveTo(cwd, 1234);
    const { code, stderr } = await host.sbx(["run", "-q", "--model", "scripted", "--name", "planted", "codex", "--", "```sh\ncat .codex/config.toml > seen.txt\n```"], { cwd });
    expect(code, stderr).toBe(0);
    expect(readFileSync(path.join(cwd, "seen.txt"), "utf8")).toContain("mcp_servers.planted");
    expect((await host.sbx(["exec", "planted", "ls", "/tmp/planted"])).code).not.toBe(0);
  });
});

const INTERRUPT = "\u0003";

/** Press Ctrl-C as a person does who wants to go; where an agent asks for a second one, the first was heard. */
async function leave(terminal: Terminal, how: (typeof AGENTS)[number]["leave"]): Promise<void> {
  if (how !== "again") return terminal.type(how === "once" ? INTERRUPT : `${INTERRUPT}${INTERRUPT}`);
  terminal.type(INTERRUPT);
  await terminal.shows(/again to (?:exit|quit)/i);
  terminal.type(INTERRUPT);
}

describe("real agents on a terminal", () => {
  it.for(AGENTS)(
    "$agent asks nothing at its start that could be answered beforehand, does what is typed, has the terminal's size, goes with Ctrl-C, and leaves nothing running",
    async ({ agent, ready, leave: how }, { expect }) => {
      const cwd = path.join(path.dirname(host.stateDirectory), "src", agent);
      using terminal = openTerminal(host, ["run", "-q", "--model", "scripted", agent], { cwd });
      if (agent === "codex") {
        // Its one question, which only the person may answer: what the folder's settings name would run.
        await terminal.shows(/Trust this folder\?/, 60_000);
        // A key that comes before it listens is lost.
        for (let presses = 0; presses < 20 && terminal.screen().includes("Trust this folder?"); presses += 1) {
          terminal.type("\r");
          await patiently(3000, () => !terminal.screen().includes("Trust this folder?"));
        }
      }
      await terminal.shows(ready, 60_000);
      expect(terminal.screen()).not.toMatch(/do you trust|trust this folder|log ?in|sign ?in|api key\?|\(y\/n\)|[❯›] 1\./i);
      terminal.type("run ```sh id -u > typed.txt ```");
      await terminal.shows(/id -u > typed/);
      terminal.type("\r");
      await terminal.shows(/The command ran/, 60_000);
      expect(readFileSync(path.join(cwd, "typed.txt"), "utf8")).toBe("1234\n");

      terminal.resize(76, 26);
      const sizes = async (): Promise<string> => (await host.sbx(["exec", agent, "sh", "-c", "for tty in /dev/pts/[0-9]*; do stty size < $tty; done"])).stdout;
      expect(await patiently(10_000, async () => (await sizes()).includes("26 76")), await sizes()).toBe(true);

      await leave(terminal, how);
      const { code, cooked } = await terminal.ended();
      expect([cooked, code]).toEqual([true, expect.toSatisfy((value: number) => value === 0 || value === 130)]);

      // No background program of the agent's, no socket of one, and no copy of itself in the home.
      const left = async (): Promise<string> => (await host.sbx(["exec", agent, "sh", "-c", "ps -eo comm= | grep -vxE 'hold|sh|ps|grep'; find /tmp ~ -type s 2>/dev/null"])).stdout;
      await patiently(10_000, async () => (await left()) === "");
      expect(await left()).toBe("");
      expect(Number((await host.sbx(["exec", agent, "sh", "-c", "du -sm ~ | cut -f1"])).stdout)).toBeLessThan(50);
    },
  );
});

describe("the model's credential", () => {
  it("is encrypted in the vault, and nothing that the daemon writes has it in the open", async ({ expect }) => {
    const found = readdirSync(host.stateDirectory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return entry.isFile() && keysIn(readFileSync(file, "latin1")).length > 0 ? [path.relative(host.stateDirectory, file)] : [];
    });
    expect(found).toEqual([]);
    expect(statSync(path.join(host.stateDirectory, "vault")).mode & 0o777).toBe(0o600);
    const listed = await host.sbx(["secret", "ls", "--json"]);
    expect(listed.stdout).toContain('"anthropic"');
    expect(keysIn(`${listed.stdout}${JSON.stringify(await host.events())}${(await host.sbx(["daemon", "logs"])).stdout}`)).toEqual([]);
  });

  it("is stood for by something that is another in every sandbox, and counts in its own alone", async ({ expect }) => {
    const keyOf = async (name: string): Promise<string> => (await host.sbx(["exec", name, "printenv", "ANTHROPIC_API_KEY"])).stdout.trim();
    const ask = (name: string, key: string) =>
      host.sbx([
        "exec",
        name,
        "curl",
        "-sS",
        "-m",
        "10",
        "-H",
        `x-api-key: ${key}`,
        "-H",
        "content-type: application/json",
        "-d",
        '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}',
        "http://model.sbx.internal/anthropic/v1/messages",
      ]);
    const [mine, other] = [await keyOf("claude"), await keyOf("opencode")];
    expect(mine).toMatch(/^sk-ant-api03-.{95}$/);
    expect(other).toMatch(/^sk-ant-api03-.{95}$/);
    expect(mine).not.toBe(other);
    expect((await ask("claude", mine)).stdout).toContain("scripted model");
    for (const wrong of [other, KEYS.anthropic, `${mine}x`, "wrong"]) {
      const before = (await host.events()).at(-1)?.id ?? 0;
      expect(JSON.parse((await ask("claude", wrong)).stdout)).toMatchObject({ type: "error", error: { type: "permission_error" } });
      const denied = (await host.events()).filter(({ id, type }) => id > before && type === "model.denied");
      expect(denied.map(({ fields }) => [fields["service"], fields["status"]])).toEqual([["anthropic", 403]]);
      expect(JSON.stringify(denied)).not.toContain(wrong);
    }
    expect(
      (await host.sbx(["exec", "codex", "curl", "-sS", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "-H", `x-api-key: ${mine}`, "http://model.sbx.internal/anthropic/v1/messages"])).stdout,
    ).toBe("404");
  });
});

describe("the gateway of a sandbox", () => {
  it("keeps to each sandbox what it added, and adds nothing that nobody allowed", async ({ expect }) => {
    const ask = (name: string, method: string, params: unknown): Promise<string> =>
      sbx("exec", name, "node", "-e", CLIENT, JSON.stringify([{ method: "tools/call", params: { name: "mcp-add", arguments: { name: method } } }, params]));
    const added = await ask("claude", "echo-tool", { method: "tools/list", params: {} });
    expect(added).toContain('"name":"echo"');
    const other = await ask("codex", "not-allowed", { method: "tools/list", params: {} });
    expect(other).toContain("sbx mcp server");
    expect(other).not.toContain('"name":"echo"');
    expect(await sbx("mcp", "ls", "--json")).toContain((await host.sandbox("claude")).id);
    await sbx("stop", "claude");
    expect(JSON.parse(await sbx("mcp", "ls", "--json"))).toEqual([]);
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
