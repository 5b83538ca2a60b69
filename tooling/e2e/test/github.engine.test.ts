import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { homedir } from "node:os";
import path from "node:path";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { afterAll, beforeAll, describe, it } from "vitest";
import { buildGithubServer, whyNoGo } from "../src/github-server.ts";
import { hostNames, whyNoHostNames } from "../src/host-names.ts";
import { openHost, type Host } from "../src/open-host.ts";
import { spellings } from "../src/spellings.ts";

const ADDRESS = "127.0.0.79";
const NAME = "github.e2e.test";
/** Nowhere else in the world: whoever finds it has found a leak. */
const TOKEN = "ghp_e2eOnlyTheServerMayHoldThis0123456789";
const ISSUE = {
  id: 1,
  number: 64,
  title: "Tag objects with their product",
  state: "open",
  body: "Store product_id as an object tag.",
  user: { login: "ada" },
  html_url: `http://${NAME}/ada/shop/issues/64`,
  labels: [],
  comments: 0,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};
const RECIPE = 'ARG SBX_BASE\nFROM ${SBX_BASE}\nCOPY github-mcp-server /usr/local/bin/github-mcp-server\nUSER agent\nENTRYPOINT ["/usr/local/bin/github-mcp-server", "stdio"]\n';
const TASK = [
  ["mcp-add", { name: "github-official" }],
  ["issue_read", { method: "get", owner: "ada", repo: "shop", issue_number: 64 }],
  ["mcp-remove", { name: "github-official" }],
]
  .map(([tool, args]) => `\`\`\`tool ${String(tool)}\n${JSON.stringify(args)}\n\`\`\``)
  .join("\nThen:\n");

const why = whyNoHostNames() ?? (await whyNoGo());
if (why !== undefined) process.stdout.write(`skipped: the test of GitHub's own MCP server, because ${why}\n`);

describe.skipIf(why !== undefined)("GitHub's own MCP server, built from source (where Go is, as root)", () => {
  const scope = new AsyncDisposableStack();
  const asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
  let host: Host;

  beforeAll(async () => {
    host = scope.use(openHost());
    scope.use(hostNames({ [NAME]: ADDRESS }));
    const api = createServer((request, response) => {
      asked.push({ url: request.url ?? "", headers: request.headers });
      const found = request.url?.endsWith("/repos/ada/shop/issues/64") === true;
      response.writeHead(found ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(found ? ISSUE : { message: "Not Found" }));
    }).listen(80, ADDRESS);
    await once(api, "listening");
    scope.defer(() => {
      api.closeAllConnections();
      api.close();
    });
    const recipe = path.join(host.home, "recipe");
    mkdirSync(recipe);
    copyFileSync(await buildGithubServer(), path.join(recipe, "github-mcp-server"));
    const engine = await connectEngine({ environment: process.env, home: homedir(), labels: { "dev.sbx.test": "github" } });
    const id = await createImageMaker({ engine, env: process.env }).agent({ name: "github-test", dockerfile: RECIPE, directory: recipe }, () => undefined, new AbortController().signal);
    const [image] = await host.imageNames(id);
    const entry = {
      name: "github-official",
      description: "GitHub's own server",
      source: { kind: "image", image },
      env: [{ name: "GITHUB_HOST", value: `http://${NAME}` }],
      secrets: [{ name: "github.personal_access_token", env: "GITHUB_PERSONAL_ACCESS_TOKEN" }],
      allowHosts: [`${NAME}:80`],
    };
    const catalog = path.join(host.home, "ours.yaml");
    writeFileSync(catalog, JSON.stringify({ version: 1, name: "ours", title: "Ours", servers: [entry] }));
    const cwd = await host.project("shop", 1234);
    for (const [args, input] of [
      [["mcp", "catalog", "import", catalog], undefined],
      [["secret", "set", "github.personal_access_token"], TOKEN],
      [["secret", "bind", "github.personal_access_token", "--server", "github-official"], undefined],
      [["mcp", "server", "allow", "github-official"], undefined],
      // The stand-in is on this machine, which only its person opens.
      [["policy", "allow", `${ADDRESS}:80`, "--server", "github-official"], undefined],
      [["create", "-q", "--model", "scripted", "--name", "shop", "claude"], undefined],
    ] as const) {
      const { code, stderr } = await host.sbx(args, { cwd, ...(input === undefined ? {} : { input }) });
      if (code !== 0) throw new Error(`sbx ${args.join(" ")}: ${stderr}`);
    }
  }, 900_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  it("reads an issue for an agent that never sees its token, and goes when it is removed", async ({ expect }) => {
    const cwd = path.join(path.dirname(host.stateDirectory), "src", "shop");
    const { code, stdout, stderr } = await host.sbx(["run", "--model", "scripted", "claude", "-p", TASK], { cwd });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("tools in server 'github-official'");
    expect(stdout).toContain("Tag objects with their product");
    expect(stdout).toContain("Successfully removed server 'github-official'.");
    const calls = asked.filter(({ url }) => url.endsWith("/issues/64"));
    expect(calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`]);

    const { id } = await host.sandbox("shop");
    const inside = await host.sbx(["exec", "shop", "sh", "-c", "env; tar c -C ~ . 2>/dev/null; tar c /tmp /etc /run/sbx 2>/dev/null; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline"]);
    const containers = await Promise.all((await host.containersOf(id)).map(({ Id }) => host.inspect(Id)));
    const state = [host.stateDirectory, path.join(path.dirname(host.stateDirectory), "config")].flatMap((directory) =>
      readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((one) => (one.isFile() ? [readFileSync(path.join(one.parentPath, one.name), "latin1")] : [])),
    );
    const said = [
      stdout,
      stderr,
      inside.stdout,
      JSON.stringify(await host.events()),
      (await host.sbx(["daemon", "logs"])).stdout,
      (await host.sbx(["mcp", "logs", "github-official"])).stdout,
      ...containers,
      ...state,
    ];
    for (const needle of spellings(TOKEN)) expect(said.filter((text) => text.includes(needle))).toEqual([]);
    expect(inside.stdout.length).toBeGreaterThan(10_000);
    expect(state.length).toBeGreaterThan(3);
  });
});
