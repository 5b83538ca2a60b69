import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { findSecrets } from "../src/find-secrets.ts";
import { whyNoGo } from "../src/go-program.ts";
import { offerGithubServer, openGithub, type GithubStandIn } from "../src/github-stand-in.ts";
import { whyNoHostNames } from "../src/host-names.ts";
import { openHost, type Host } from "../src/open-host.ts";

/** Nowhere else in the world: whoever finds it has found a leak. */
const TOKEN = "ghp_e2eOnlyTheServerMayHoldThis0123456789";
const ISSUE = { number: 64, title: "Tag objects with their product", body: "Store product_id as an object tag." };
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
  let github: GithubStandIn;
  let host: Host;

  beforeAll(async () => {
    host = scope.use(openHost());
    github = scope.use(await openGithub("github.e2e.test", "127.0.0.79", ISSUE));
    await offerGithubServer(host, github, TOKEN);
    const cwd = await host.project("shop", 1234);
    const { code, stderr } = await host.sbx(["create", "-q", "--model", "scripted", "--name", "shop", "claude"], { cwd });
    if (code !== 0) throw new Error(stderr);
  }, 900_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  it("reads an issue for an agent that never sees its token, and goes when it is removed", async ({ expect }) => {
    const cwd = path.join(path.dirname(host.stateDirectory), "src", "shop");
    const { code, stdout, stderr } = await host.sbx(["run", "--model", "scripted", "claude", "-p", TASK], { cwd });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("tools in server 'github-official'");
    expect(stdout).toContain("Tag objects with their product");
    expect(stdout).toContain("Successfully removed server 'github-official'.");
    const calls = github.asked.filter(({ url }) => url.endsWith("/issues/64"));
    expect(calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`]);

    const { found, control } = await findSecrets(host, { secrets: [TOKEN], known: ISSUE.title, sandbox: "shop", texts: [stdout, stderr] });
    expect(found).toEqual([]);
    expect(control).toEqual(expect.arrayContaining(["inside", "text 0"]));
  });
});
