import { once } from "node:events";
import { createServer } from "node:https";
import { connect } from "node:net";
import { ServerEntry, SandboxId, type EventInit, type Rule } from "@sbx/contracts";
import { compilePolicy } from "@sbx/egress-policy";
import type { StartServer } from "@sbx/mcp-gateway";
import { Secret } from "@sbx/secret-injector";
import { afterAll, beforeAll, describe, it } from "vitest";
import { selfSigned } from "../../../../../packages/egress-proxy/test/wall/self-signed.ts";
import { createRemoteServers, type RemoteServersParts } from "../../../src/mcp/running/remote-servers.ts";

const CERTIFICATE = selfSigned("api.test");
const BOX = SandboxId.parse("sbx_aaaaaaaa");
const scope = new AsyncDisposableStack();
const seen: { readonly url: string; readonly headers: Readonly<Record<string, unknown>> }[] = [];
let port = 0;

beforeAll(async () => {
  const server = createServer(CERTIFICATE, (request, response) => {
    seen.push({ url: request.url ?? "", headers: request.headers });
    response.end("hello");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  port = address !== null && typeof address === "object" ? address.port : 0;
});
afterAll(() => scope.disposeAsync());

function anEntry(source: object, more: object = {}): ServerEntry {
  return ServerEntry.parse({
    name: "notes",
    source: { kind: "remote", transport: "streamable-http", url: "https://api.test/mcp", ...source },
    secrets: [{ name: "notes.key", env: "NOTES_KEY" }],
    ...more,
  });
}

function setup({
  keys = { "notes.key": "hunter2" },
  extra = ["127.0.0.1:443"],
  catalog = "mine",
}: { readonly keys?: Readonly<Record<string, string>>; readonly extra?: readonly string[]; readonly catalog?: string } = {}) {
  const events: EventInit[] = [];
  const asked: Parameters<RemoteServersParts["policyOf"]>[0][] = [];
  const servers = createRemoteServers({
    secrets: { adopt: () => Promise.resolve([]), lookup: () => (name) => Promise.resolve(keys[name] === undefined ? { fix: `sbx secret set ${name}` } : new Secret(keys[name])) },
    catalogOf: () => (catalog === "" ? undefined : catalog),
    policyOf: (of) => {
      asked.push(of);
      return () => compilePolicy([...of.rules, ...extra.map((to, at): Rule => ({ id: `p${at}`, effect: to.startsWith("deny ") ? "deny" : "allow", to: to.replace("deny ", ""), layer: "server" }))]);
    },
    record: (event) => events.push(event),
    world: { resolve: () => Promise.resolve(["127.0.0.1"]), connect: (to) => connect({ ...to, port }), hostAddresses: () => [], trust: [CERTIFICATE.cert] },
  });
  const ask = (entry: ServerEntry): StartServer => ({ entry, config: {}, caller: { kind: "sandbox", sandbox: BOX, scope: BOX } });
  return { servers, events, asked, ask };
}

describe("servers that run elsewhere", () => {
  it("get the headers of their entry with the secrets that are theirs, at their own origin alone", async ({ expect }) => {
    const { servers, events, asked, ask } = setup();
    const { fetch } = await servers.connect(ask(anEntry({ headers: { Authorization: "Bearer ${NOTES_KEY}", "X-Plain": "yes" } })));
    expect(await (await fetch("https://api.test/mcp", { headers: { authorization: "Bearer of the client" } })).text()).toBe("hello");
    expect(seen.at(-1)).toMatchObject({ url: "/mcp", headers: { authorization: "Bearer hunter2", "x-plain": "yes", host: "api.test" } });
    const before = seen.length;
    for (const url of ["https://evil.test/mcp", "http://api.test/mcp", "https://api.test:444/mcp"]) await expect(fetch(url)).rejects.toMatchObject({ code: "SERVER_DENIED" });
    expect(seen).toHaveLength(before);
    expect(asked).toEqual([{ server: "notes", sandbox: BOX, rules: [{ id: "entry:1", effect: "allow", to: "api.test:443", layer: "profile" }] }]);
    expect(events[0]).toMatchObject({ type: "egress.allowed", sandbox: BOX, fields: { server: "notes", to: "api.test", port: 443 } });
    expect(JSON.stringify(events)).not.toContain("hunter2");
  });

  it("that lie in a private network are refused with the command that opens them for this server", async ({ expect }) => {
    const { servers, events, ask } = setup({ extra: [] });
    const { fetch } = await servers.connect(ask(anEntry({})));
    await expect(fetch("https://api.test/mcp")).rejects.toMatchObject({ code: "SERVER_DENIED" });
    expect(events).toEqual([expect.objectContaining({ type: "egress.denied", sandbox: BOX, fields: expect.objectContaining({ fix: "sbx policy allow 127.0.0.1:443 --server notes" }) })]);
  });

  it("are denied as soon as the person denies them", async ({ expect }) => {
    const { servers, ask } = setup({ extra: ["127.0.0.1:443", "deny api.test"] });
    const { fetch } = await servers.connect(ask(anEntry({})));
    await expect(fetch("https://api.test/mcp")).rejects.toMatchObject({ code: "SERVER_DENIED" });
  });

  it("are not spoken to without a secret that they need, or when no catalog has them any more", async ({ expect }) => {
    const missing = setup({ keys: {} });
    await expect(missing.servers.connect(missing.ask(anEntry({ headers: { Authorization: "Bearer ${NOTES_KEY}" } })))).rejects.toMatchObject({
      code: "SECRET_MISSING",
      fix: "sbx secret set notes.key",
    });
    const gone = setup({ catalog: "" });
    await expect(gone.servers.connect(gone.ask(anEntry({})))).rejects.toMatchObject({ code: "SERVER_UNKNOWN" });
  });

  it.for(["line\r\nX-Other: yes", "line\n", "nul\0", "Ω"])("are sent no value that would be more than one header or none: %j", async (value, { expect }) => {
    const { servers, ask } = setup({ keys: { "notes.key": value } });
    const before = seen.length;
    const refused = await servers.connect(ask(anEntry({ headers: { Authorization: "Bearer ${NOTES_KEY}" } }))).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "CONFIG_INVALID" });
    expect(JSON.stringify(refused)).not.toContain(JSON.stringify(value).slice(1, -1));
    expect(seen).toHaveLength(before);
  });

  it("have the address that their configuration makes of the template, and its origin and policy are those of that address", async ({ expect }) => {
    const { servers, asked, ask } = setup();
    const entry = anEntry(
      { url: "https://{{notes.site}}.api.test/{{notes.team}}/mcp", headers: { "X-Team": "{{notes.team}}" } },
      { config: [{ name: "notes", type: "object", properties: { site: { type: "string" }, team: { type: "string" } } }] },
    );
    const { url, fetch } = await servers.connect({ ...ask(entry), config: { site: "eu", team: "red" } });
    expect(url).toBe("https://eu.api.test/red/mcp");
    expect(asked.at(-1)?.rules.map(({ to }) => to)).toEqual(["eu.api.test:443"]);
    await expect(fetch("https://api.test/red/mcp")).rejects.toMatchObject({ code: "SERVER_DENIED" });
    for (const [site, team] of [
      ["evil.test/", "red"],
      ["evil.test#", "red"],
      ["u:p@evil", "red"],
      ["eu", "../admin"],
      ["eu", "a\r\nX-Other: yes"],
      ["{{notes.team}}", "red"],
      ["${NOTES_KEY}", "red"],
    ] as const)
      await expect(servers.connect({ ...ask(entry), config: { site, team } }), `${site} ${team}`).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it.for(["http://api.test/mcp", "https://u:p@api.test/", "https://{{notes.site}}/", "https://{{notes.site}}\\.api.test/", "https://api.test:{{notes.site}}@evil.test/"])(
    "are not reached at %s",
    async (url, { expect }) => {
      const { servers, ask } = setup();
      const before = seen.length;
      await expect(servers.connect({ ...ask(anEntry({ url })), config: { site: "eu" } })).rejects.toMatchObject({ code: expect.stringMatching(/^(CATALOG|CONFIG)_INVALID$/) });
      expect(seen).toHaveLength(before);
    },
  );

  it.for(["Host", "content-length", "Transfer-Encoding", "CONNECTION", "upgrade"])("do not set %s, which says how a message travels", async (name, { expect }) => {
    const { servers, ask } = setup();
    await expect(servers.connect(ask(anEntry({ headers: { [name]: "x" } })))).rejects.toMatchObject({ code: "CATALOG_INVALID" });
  });
});
