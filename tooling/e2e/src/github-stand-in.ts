import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { homedir } from "node:os";
import path from "node:path";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { goProgram } from "./go-program.ts";
import { hostNames } from "./host-names.ts";
import type { Host } from "./open-host.ts";

export interface StandInIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
}

/** Something on this machine that answers as GitHub's API does for one issue of `ada/shop`. */
export interface GithubStandIn extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly asked: readonly { readonly url: string; readonly headers: IncomingHttpHeaders }[];
}

/** Start a stand-in for GitHub's API at this address of the loopback, known by this name. */
export async function openGithub(name: string, address: string, issue: StandInIssue): Promise<GithubStandIn> {
  const asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
  const time = "2026-01-01T00:00:00Z";
  const answer = { id: 1, state: "open", user: { login: "ada" }, html_url: `http://${name}/ada/shop/issues/${issue.number}`, labels: [], comments: 0, created_at: time, updated_at: time, ...issue };
  await using opened = new AsyncDisposableStack();
  opened.use(hostNames({ [name]: address }));
  const api = createServer((request, response) => {
    asked.push({ url: request.url ?? "", headers: request.headers });
    const found = request.url?.endsWith(`/repos/ada/shop/issues/${issue.number}`) === true;
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(found ? answer : { message: "Not Found" }));
  }).listen(80, address);
  await once(api, "listening");
  opened.defer(() => {
    api.closeAllConnections();
    api.close();
  });
  const whole = opened.move();
  return { name, address, asked, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

const RECIPE = 'ARG SBX_BASE\nFROM ${SBX_BASE}\nCOPY github-mcp-server /usr/local/bin/github-mcp-server\nUSER agent\nENTRYPOINT ["/usr/local/bin/github-mcp-server", "stdio"]\n';

/** Offer GitHub's own MCP server, built from its source, to the sandboxes of a host; it has the token, and reaches the stand-in alone. */
export async function offerGithubServer(host: Host, { name, address }: GithubStandIn, token: string): Promise<void> {
  const recipe = path.join(host.home, "recipe");
  mkdirSync(recipe);
  copyFileSync(await goProgram({ module: "github.com/github/github-mcp-server@v1.0.0", command: "github-mcp-server" }), path.join(recipe, "github-mcp-server"));
  const engine = await connectEngine({ environment: process.env, home: homedir(), labels: { "dev.sbx.test": "github" } });
  const id = await createImageMaker({ engine, env: process.env }).agent({ name: "github-test", dockerfile: RECIPE, directory: recipe }, () => undefined, new AbortController().signal);
  const [image] = await host.imageNames(id);
  const entry = {
    name: "github-official",
    description: "GitHub's own server",
    source: { kind: "image", image },
    env: [{ name: "GITHUB_HOST", value: `http://${name}` }],
    secrets: [{ name: "github.personal_access_token", env: "GITHUB_PERSONAL_ACCESS_TOKEN" }],
    allowHosts: [`${name}:80`],
  };
  const catalog = path.join(host.home, "ours.yaml");
  writeFileSync(catalog, JSON.stringify({ version: 1, name: "ours", title: "Ours", servers: [entry] }));
  for (const [args, input] of [
    [["mcp", "catalog", "import", catalog], undefined],
    [["secret", "set", "github.personal_access_token"], token],
    [["secret", "bind", "github.personal_access_token", "--server", "github-official"], undefined],
    [["mcp", "server", "allow", "github-official"], undefined],
    // The stand-in is on this machine, which only its person opens.
    [["policy", "allow", `${address}:80`, "--server", "github-official"], undefined],
  ] as const) {
    const { code, stderr } = await host.sbx(args, input === undefined ? {} : { input });
    if (code !== 0) throw new Error(`sbx ${args.join(" ")}: ${stderr}`);
  }
}
