import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { bundleClient } from "../src/bundle-client.ts";
import { openHost, type Host } from "../src/open-host.ts";
import type { SdkOutcome, SdkStep } from "../src/sdk-client.ts";

interface Trial {
  readonly server: string;
  readonly tool: string;
  readonly args?: Record<string, unknown>;
  /** What the tool's answer has to have. Where it needs a network that is not there, what the server itself says of that. */
  readonly answers: RegExp;
}

/** A workspace's file of servers as Kiro reads it, pointing to the gateway of its sandbox. */
const KIRO_FILE = ".kiro/settings/mcp.json";
const KIRO = { mcpServers: { sbx: { url: "http://host.docker.internal:8811/", headers: {}, disabled: false, autoApprove: ["*"] } } };

let host: Host;
let cwd: string;

/** Says of itself that it did not reach whom it asks: a server that has no network here, or no account. */
const UNREACHED = /fail|error|denied|forbidden|unauthorized|not|unable|403|network/i;

/** Servers of the catalog that comes with sbx, each installed from the registry that has it, with a call of one of its tools. */
const TRIALS: readonly ((directory: string) => Trial)[] = [
  (directory) => ({ server: "filesystem", tool: "read_text_file", args: { path: path.join(directory, "README.md") }, answers: /# A sample/ }),
  (directory) => ({ server: "git", tool: "git_log", args: { repo_path: directory }, answers: /Begin/ }),
  () => ({ server: "sqlite", tool: "execute_sql", args: { sql: "SELECT 6 * 7 AS answer" }, answers: /42/ }),
  (directory) => ({ server: "eslint", tool: "lint-files", args: { filePaths: [path.join(directory, "a.js")] }, answers: /config/i }),
  // No host of the world is here; but whether one may be reached is said by the wall, and not by the server.
  () => ({ server: "fetch", tool: "fetch", args: { url: "http://docs.example/" }, answers: /^(?!.*not a public address).*Failed to fetch/s }),
  () => ({ server: "everything", tool: "echo", args: { message: "hello" }, answers: /hello/ }),
  () => ({ server: "memory", tool: "create_entities", args: { entities: [{ name: "gate", entityType: "part", observations: ["opens nothing"] }] }, answers: /opens nothing/ }),
  () => ({ server: "sequentialthinking", tool: "sequentialthinking", args: { thought: "begin", thoughtNumber: 1, totalThoughts: 2, nextThoughtNeeded: true }, answers: /"thoughtNumber": 1/ }),
  () => ({ server: "time", tool: "get_current_time", args: { timezone: "Europe/Berlin" }, answers: /Berlin/ }),
  () => ({ server: "calculator", tool: "calculate", args: { expression: "6*7" }, answers: /42/ }),
  () => ({ server: "context7-local", tool: "resolve-library-id", args: { query: "routing", libraryName: "express" }, answers: UNREACHED }),
  () => ({ server: "chart", tool: "generate_line_chart", args: { data: [{ time: "2025", value: 1 }] }, answers: UNREACHED }),
  () => ({ server: "tavily", tool: "tavily_search", args: { query: "containers" }, answers: UNREACHED }),
  () => ({ server: "exa", tool: "web_search_exa", args: { query: "containers" }, answers: UNREACHED }),
  () => ({ server: "brave", tool: "brave_web_search", args: { query: "containers" }, answers: UNREACHED }),
  () => ({ server: "perplexity-ask", tool: "perplexity_ask", args: { messages: [{ role: "user", content: "containers" }] }, answers: UNREACHED }),
];
const NAMES = TRIALS.map((trial) => trial("/").server);
/** Their directory, or that they reach every host, is their person's to decide, so that they are enabled before. */
const ENABLED = ["filesystem", "git", "sqlite", "eslint", "fetch"];
const SECRETS = ["tavily.api_token", "exa.api_key", "brave.api_key", "perplexity-ask.api_key"];

async function sbx(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await host.sbx(args, { cwd, ...(input === undefined ? {} : { input }) });
  if (code !== 0) throw new Error(`sbx ${args[0] ?? ""} ended with ${code}: ${stderr.slice(-3000)}`);
  return stdout;
}

/** Do something with the gateway as the official client, from inside the sandbox. */
async function inSandbox(steps: readonly SdkStep[]): Promise<readonly SdkOutcome[]> {
  return JSON.parse(await sbx(["exec", "boxes", "node", path.join(cwd, ".client.mjs"), path.join(cwd, KIRO_FILE), JSON.stringify(steps)])) as readonly SdkOutcome[];
}

beforeAll(async () => {
  host = openHost();
  cwd = await host.project("boxes", 1234);
  await bundleClient(path.join(cwd, ".client.mjs"));
  mkdirSync(path.dirname(path.join(cwd, KIRO_FILE)), { recursive: true });
  writeFileSync(path.join(cwd, KIRO_FILE), JSON.stringify(KIRO));
  writeFileSync(path.join(cwd, "a.js"), "var a = 1;\n");
  const config = path.join(path.dirname(host.stateDirectory), "config", "mcp");
  mkdirSync(config, { recursive: true });
  const paths = { paths: [cwd] };
  writeFileSync(path.join(config, "registry.yaml"), JSON.stringify({ registry: Object.fromEntries(ENABLED.map((name) => [name, { ref: "" }])) }));
  writeFileSync(path.join(config, "config.yaml"), JSON.stringify({ filesystem: paths, git: paths, eslint: paths, sqlite: { directory: cwd, file: "a.db" } }));
  writeFileSync(path.join(cwd, "a.db"), "");
  for (const name of SECRETS) await sbx(["secret", "set", name], "made-up-and-of-no-account");
  await sbx(["create", "-q", "--name", "boxes", "shell"]);
}, 600_000);
afterAll(() => host[Symbol.asyncDispose](), 120_000);

describe("servers of the catalog that comes with sbx", () => {
  // Each waits for its registry and its container, and little for this machine.
  it.concurrent.for(TRIALS.map((trial, at) => [NAMES[at] ?? "", trial] as const))(
    "%s is installed from its registry, started, and answers a call",
    { timeout: 900_000 },
    async ([server, trial], { expect }) => {
      const { tool, args = {}, answers } = trial(cwd);
      const [added, called] = await inSandbox([
        { tool: "mcp-add", args: { name: server } },
        { tool, args },
      ]);
      expect(added?.text).toContain(`tools in server '${server}'`);
      expect(called?.text).toMatch(answers);
      // An answer of the server itself, not of the gateway about it.
      expect(called?.text).not.toMatch(/The server|Unknown tool/);
      const events = (await host.events()).filter(({ type, fields }) => type === "tool.called" && fields["server"] === server);
      expect(events.map(({ fields }) => fields["tool"])).toContain(tool);
    },
  );

  it("see of the workspace what their person named, and write nothing to it", async ({ expect }) => {
    const [written, elsewhere, kept] = await inSandbox([
      { tool: "write_file", args: { path: path.join(cwd, "README.md"), content: "x" } },
      { tool: "read_text_file", args: { path: "/etc/passwd" } },
      { tool: "read_graph" },
    ]);
    expect(written?.text).toMatch(/EROFS|read-only/);
    expect([elsewhere?.isError, elsewhere?.text]).toEqual([true, expect.not.stringContaining("root:")]);
    expect(kept?.text).toContain("opens nothing");
  });
});

describe("Kiro's file in a workspace", () => {
  it("is all that the official client needs to find, add, call and remove a server, and to save context", { timeout: 900_000 }, async ({ expect }) => {
    // All that was enabled is there by now, so that lists differ by this server alone.
    await inSandbox([{ tool: "mcp-remove", args: { name: "everything" } }]);
    const steps: readonly SdkStep[] = [
      { list: true },
      { tool: "mcp-find", args: { query: "every part of the protocol" } },
      { tool: "mcp-add", args: { name: "everything" } },
      { list: true },
      { tool: "echo", args: { message: "from Kiro's file" } },
      { tool: "mcp-remove", args: { name: "everything" } },
      { list: true },
    ];
    const outcomes = await inSandbox(steps);
    const lists = outcomes.flatMap(({ names, size = 0 }) => (names === undefined ? [] : [{ names, size }]));
    expect(lists.map(({ names }) => [names.includes("mcp-find"), names.includes("echo")])).toEqual([
      [true, false],
      [true, true],
      [true, false],
    ]);
    expect(outcomes.flatMap(({ text }) => (text === undefined ? [] : [text]))).toEqual([
      expect.stringContaining('"name":"everything"'),
      expect.stringContaining("tools in server 'everything'"),
      expect.stringContaining("from Kiro's file"),
      expect.stringContaining("Successfully removed server 'everything'."),
    ]);
    expect(outcomes.at(-1)?.changes).toBeGreaterThanOrEqual(2);
    const saved = (await host.events()).findLast(({ type }) => type === "server.removed")?.fields["tokensSaved"];
    expect(saved).toBeGreaterThan(100);
    const sizes = lists.map(({ size }) => size);
    expect(sizes[2]).toBe(sizes[0]);
    expect(sizes[1]).toBeGreaterThan(sizes[0] ?? Infinity);
    process.stdout.write(`tools/list has ${sizes.join(", then ")} characters: removing the server saved ${String(saved)} tokens\n`);
  });
});
