import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import path from "node:path";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { hostNames, whyNoHostNames } from "../../e2e/src/host-names.ts";
import { selfSigned } from "../../../packages/egress-proxy/test/wall/self-signed.ts";
import { INITIALIZE } from "../../../packages/mcp-gateway/test/support/http-client.ts";
import { startWitness, type Witness } from "../pod/witness.ts";
import { GatewayLab, movesTerminal, type EntryMore, type HostClient, type RunningGateway } from "./gateway-lab.ts";

const SECRET = "sekret-Of-the-notes-0123456789abcdef";
const schema = (name: string, properties: object): object => ({ name, type: "object", properties });

/** What a remote's address may not be: this machine, its networks, files, or somebody with a password in it. */
const ADDRESSES = [
  "http://127.0.0.1:PORT/mcp",
  "https://127.0.0.1:PORT/mcp",
  "https://localhost:PORT/mcp",
  "https://[::1]:PORT/mcp",
  "https://[::ffff:127.0.0.1]:PORT/mcp",
  "https://2130706433:PORT/mcp",
  "https://0x7f.1:PORT/mcp",
  "https://0.0.0.0:PORT/mcp",
  "https://169.254.169.254/mcp",
  "https://10.0.0.1/mcp",
  "https://172.17.0.1:PORT/mcp",
  "https://host.docker.internal:PORT/mcp",
  "https://mcp.sbx.internal/mcp",
  "https://metadata.google.internal/mcp",
  "https://user:password@example.test/mcp",
];

/** Entries that no catalog may have. */
const ILLEGAL: Readonly<Record<string, EntryMore>> = {
  "image-option": { source: { kind: "image", image: "--privileged" } },
  "image-words": { source: { kind: "image", image: "base -v /:/host" } },
  "image-path": { source: { kind: "image", image: "../../etc/passwd" } },
  "npm-path": { source: { kind: "npm", package: "../../../etc", version: "1.0.0" } },
  "npm-option": { source: { kind: "npm", package: "--registry=http://evil.test", version: "1.0.0" } },
  "npm-git": { source: { kind: "npm", package: "git+ssh://git@evil.test/x.git", version: "1.0.0" } },
  "npm-range": { source: { kind: "npm", package: "left-pad", version: "^1.0.0" } },
  "npm-tag": { source: { kind: "npm", package: "left-pad", version: "latest" } },
  "npm-words": { source: { kind: "npm", package: "left-pad", version: "1.0.0 --ignore-scripts=false" } },
  "pypi-url": { source: { kind: "pypi", package: "x @ http://evil.test/x.whl", version: "1.0.0" } },
  "pypi-option": { source: { kind: "pypi", package: "-r", version: "1" } },
  "program-path": { source: { kind: "npm", package: "left-pad", version: "1.0.0", program: "../../../bin/sh" } },
  "remote-file": { source: { kind: "remote", url: "file:///etc/passwd", transport: "sse" } },
  "remote-script": { source: { kind: "remote", url: "javascript:alert(1)", transport: "sse" } },
  "remote-unix": { source: { kind: "remote", url: "unix:///var/run/docker.sock", transport: "sse" } },
  "remote-header": { source: { kind: "remote", url: "https://example.test/", transport: "sse", headers: { "X-A": "b\r\nHost: evil.test" } } },
  "env-name": { env: [{ name: "A=B\nLD_PRELOAD", value: "x" }] },
  "secret-name": { secrets: [{ name: "first.token", env: "A B" }] },
  "../../../escape": {},
  "mcp\u001b[2Jadd": {},
  "unknown-key": { privileged: true },
  "unknown-limits": { capAdd: ["SYS_ADMIN"], network: "host", pidMode: "host" },
};

/** Entries that read well and want what they may not have: none of them starts, whatever its configuration. */
const REFUSED: Readonly<Record<string, EntryMore>> = {
  "volume-root": { volumes: ["/:/host"] },
  "volume-engine": { volumes: ["/var/run/docker.sock:/var/run/docker.sock"] },
  "volume-home": { volumes: ["~/.ssh:/keys:ro"] },
  "volume-up": { volumes: ["../../x:/data"] },
  "volume-upwards": { volumes: ["data:/data/../.sbx"] },
  "volume-proc": { volumes: ["data:/proc"] },
  "volume-ours": { volumes: ["data:/.sbx"] },
  "volume-etc": { volumes: ["data:/etc"] },
  "volume-option": { volumes: ["data:/data:rw:shared"] },
  "secret-in-words": { secrets: [{ name: "first.token", env: "T", required: false }], command: ["$T"] },
  "secret-of-another": { env: [{ name: "STOLEN", value: "$NOTES_KEY" }] },
  "this-machine-by-another-name": { extraHosts: ["example.test:host-gateway"] },
  "template-unknown": { env: [{ name: "A", value: "{{template-unknown.key|exec:id}}" }] },
};

/** What configurations of agents are tried with: entry, and a value that its template may not take. */
const SETTINGS: readonly (readonly [server: string, value: unknown])[] = [
  ...["-v", "--privileged", "-v\n/:/host", "a\nb", "a\u0000b", "\u001b[2J"].map((value) => ["takes-word", value] as const),
  ...["/", "/etc", "/root/.ssh", "/var/run/docker.sock", "../../etc", "/home/../etc", "/tmp:/etc", "/tmp:/data:rw,shared", "-v", "relative", "/a\nb"].map((value) => ["takes-path", value] as const),
  ...["evil.test/../127.0.0.1", "127.0.0.1", "a b", "evil.test@127.0.0.1", "*", "evil.test:22", "[::1]"].map((value) => ["takes-host", value] as const),
];

let lab: GatewayLab;
let gateway: RunningGateway;
let witness: Witness;
let client: HostClient;
const scope = new AsyncDisposableStack();
const NAMES = { "notes.attacks.test": "127.0.0.83", "elsewhere.attacks.test": "127.0.0.84" } as const;
const noNames = whyNoHostNames();

beforeAll(async () => {
  const certificates = Object.fromEntries(Object.keys(NAMES).map((name) => [name, selfSigned(name)]));
  lab = scope.use(await GatewayLab.make(inject("baseImage"), { NODE_EXTRA_CA_CERTS: authorities(Object.values(certificates).map(({ cert }) => cert)) }));
  witness = scope.use(await startWitness());
  if (noNames === undefined) {
    scope.use(hostNames(NAMES));
    for (const [name, address] of Object.entries(NAMES)) await listen(createServer(certificates[name] ?? {}, answer), address);
  }
  const remotes = ADDRESSES.map((url, at) =>
    lab.entry(`address-${at}`, "plain", { source: { kind: "remote", url: url.replace("PORT", String(witness.port)), transport: "streamable-http" }, command: [] }),
  );
  const everywhere = ["host.docker.internal", "127.0.0.1", "localhost", "172.17.0.1", "**", "*"].map((host) => `${host}:${witness.port}`);
  const servers = [
    ...Object.entries({ ...REFUSED, ...ILLEGAL }).map(([name, more]) => lab.entry(name, "plain", more)),
    ...remotes,
    lab.entry("plain"),
    lab.entry("takes-word", "plain", { command: ["{{takes-word.value}}"], config: [schema("takes-word", { value: { type: "string" } })] }),
    lab.entry("takes-path", "plain", { volumes: ["{{takes-path.value|volume}}"], config: [schema("takes-path", { value: { type: "string" } })] }),
    lab.entry("takes-host", "plain", { allowHosts: ["{{takes-host.value}}:443"], config: [schema("takes-host", { value: { type: "string" } })] }),
    lab.entry("takes-text", "plain", {
      env: [
        { name: "TEXT", value: "{{takes-text.value}}" },
        { name: "OTHER", value: "x{{notes.key}}{{plain.value}}y" },
      ],
      secrets: [{ name: "own.token", env: "OWN", required: false }],
      config: [schema("takes-text", { value: { type: "string" } })],
    }),
    lab.entry("greedy", "plain", { allowHosts: [...everywhere.filter((to) => !to.startsWith("**")), "169.254.169.254:80", "*:80"], user: "0:0" }),
    lab.entry("notes", "plain", {
      source: { kind: "remote", url: "https://notes.attacks.test/mcp", transport: "streamable-http", headers: { Authorization: "Bearer ${NOTES_KEY}" } },
      command: [],
      secrets: [{ name: "notes.key", env: "NOTES_KEY" }],
    }),
  ];
  await lab.catalog("evil", servers);
  writeFileSync(rulesFile(), "rules:\n  - { effect: allow, catalog: evil }\n");
  await lab.sbx(["secret", "set", "notes.key"], { input: SECRET });
  await lab.sbx(["secret", "bind", "notes.key", "--server", "notes"]);
  await lab.sbx(["policy", "allow", `${NAMES["notes.attacks.test"]}:443`, "--server", "notes"]);
  gateway = await lab.gateway();
  client = await gateway.client();
}, 300_000);
afterAll(() => scope.disposeAsync(), 60_000);

const config = (...names: readonly string[]): string => path.join(path.dirname(lab.host.stateDirectory), "config", "mcp", ...names);
const rulesFile = (): string => config("rules.yaml");

/** A file of authorities, beside those whom this machine's programs already trust. */
function authorities(certificates: readonly string[]): string {
  const file = path.join("/tmp", `sbx-attacks-authorities-${process.pid}.pem`);
  const known = process.env["NODE_EXTRA_CA_CERTS"];
  writeFileSync(file, [...(known === undefined ? [] : [readFileSync(known, "utf8")]), ...certificates].join("\n"));
  return file;
}

const seen: { readonly host: string; readonly url: string; readonly authorization: string | undefined }[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { host = "", authorization } = request.headers;
  seen.push({ host, url: request.url ?? "", authorization });
  if (host.startsWith("notes.")) response.writeHead(307, { location: "https://elsewhere.attacks.test/stolen" }).end();
  else response.writeHead(200, { "content-type": "application/json" }).end("{}");
}

async function listen(server: Server, address: string): Promise<void> {
  server.listen(443, address);
  await once(server, "listening");
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
}

describe("entries of a catalog", () => {
  it.for(Object.keys(ILLEGAL))("that no catalog may have are left out, and told of without their own signs: %j", async (name, { expect }) => {
    expect(await client.tool("mcp-add", { name })).toMatch(/not found in catalog|Invalid|invalid/);
  });

  it("are told of by name and line when they are left out, and do nothing to the terminal", async ({ expect }) => {
    const listed = await lab.sbx(["mcp", "catalog", "ls", "--json"]);
    const { problems } = (JSON.parse(listed) as readonly { readonly name: string; readonly problems: readonly string[] }[]).find(({ name }) => name === "evil") ?? { problems: [] };
    for (const name of Object.keys(ILLEGAL).filter((one) => /^[\w-]+$/.test(one))) expect(problems.filter((problem) => problem.includes(name)).length, name).toBeGreaterThan(0);
    expect(movesTerminal(await lab.sbx(["mcp", "catalog", "ls"]))).toBe(false);
    expect(movesTerminal(await lab.sbx(["mcp", "catalog", "show", "evil"]))).toBe(false);
  });

  it.for(Object.keys(REFUSED))("that want what they may not have are not started: %s", async (name, { expect }) => {
    const said = await client.tool("mcp-add", { name });
    expect(said).not.toMatch(/Successfully|not found|agreement|policy/);
    expect(said).not.toContain(SECRET);
  });

  it.for(ADDRESSES.map((url, at) => [url, at] as const))("that run at %s are not connected to", async ([, at], { expect }) => {
    expect(await client.tool("mcp-add", { name: `address-${at}` })).not.toMatch(/Successfully|agreement/);
    expect(witness.seen()).toBe(0);
  });

  it.for(SETTINGS)("%s are not configured with %j", async ([server, value], { expect }) => {
    await client.tool("mcp-config-set", { server, config: { value } });
    const said = await client.tool("mcp-add", { name: server });
    if (said.includes("Successfully")) expect(await client.tool(`${server}__look`, { at: ["/data", "/host", "/etc/shadow", "/root/.ssh"] })).toMatch(/^\{("[^"]+":"E[A-Z]+",?)+\}$/);
    else expect(said).toMatch(/^Error|refused|may not|must/i);
    await client.tool("mcp-remove", { name: server });
  });

  it("take values as values: a template or variable in one is not looked at again, and another's are nothing", async ({ expect }) => {
    await client.tool("mcp-config-set", { server: "takes-text", config: { value: "{{plain.value}} $OWN ${NOTES_KEY} $(id) `id` %PATH%" } });
    expect(await client.tool("mcp-add", { name: "takes-text" })).toContain("Successfully");
    const environment = JSON.parse(await client.tool("secrets")) as Record<string, string>;
    expect(environment["TEXT"]).toBe("{{plain.value}} $OWN ${NOTES_KEY} $(id) `id` %PATH%");
    expect(environment["OTHER"] ?? "").toMatch(/^(xy)?$/);
    expect(Object.keys(environment)).not.toContain("OWN");
    await client.tool("mcp-remove", { name: "takes-text" });
  });

  it("that name this machine among their hosts reach nothing of it, and run as nobody whom they name", async ({ expect }) => {
    const said = await client.tool("mcp-add", { name: "greedy" });
    if (said.includes("Successfully")) {
      const tools = await client.toolNames();
      const reach = tools.find((name) => name.endsWith("reach")) ?? "";
      const look = tools.find((name) => name.endsWith("look")) ?? "";
      const outside = witness.addresses.map((address) => `${address}:${witness.port}`);
      const outcomes = JSON.parse(await client.tool(reach, { to: [...outside, `host.docker.internal:${witness.port}`, `localhost:${witness.port}`, "169.254.169.254:80"] })) as readonly string[];
      for (const outcome of outcomes) expect(outcome).toMatch(/ (E[A-Z]+|timeout|end|HTTP\/1\.[01] 40[38])$/);
      expect(await client.tool(look, { at: ["/proc/self/status"] })).not.toMatch(/Uid:\\t0/);
    }
    expect(witness.seen()).toBe(0);
    await client.tool("mcp-remove", { name: "greedy" });
  });

  it.skipIf(noNames !== undefined)("that run elsewhere send their secret to their own address alone, wherever that sends them (where this machine can be given names)", async ({ expect }) => {
    const said = await client.tool("mcp-add", { name: "notes" });
    expect(said).not.toContain("Successfully");
    expect(said).not.toContain(SECRET);
    expect(seen.filter(({ authorization }) => authorization?.includes(SECRET)).map(({ host }) => host)).toEqual(expect.arrayContaining(["notes.attacks.test"]));
    expect(seen.filter(({ host }) => host !== "notes.attacks.test")).toEqual([]);
  });
});

const LAUGHS = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[..."bcdefghij"].map((name, at) => `${name}: &${name} [${`*${"abcdefghij"[at] ?? ""},`.repeat(10)}]`).join("\n")}\nservers: *j\n`;
const DOCUMENTS: readonly (readonly [string, string | Buffer])[] = [
  ["that unfolds to a thousand millions of things", LAUGHS],
  ["with an anchor that means itself", "version: 1\nservers: &s [*s]\n"],
  ["that merges", "version: 1\nx: &x { name: a }\nservers:\n  - <<: *x\n"],
  ["with a program for its type", 'version: 1\nservers: !!js/function "function () { process.exit(1) }"\n'],
  ["with an object of another language", "version: 1\nservers: !!python/object/apply:os.system [id]\n"],
  ["with a key that stands twice", "version: 1\nservers: []\nservers: [{ name: a }]\n"],
  ["with a key that is what all objects have", "version: 1\n__proto__: { polluted: 1 }\nservers: []\n"],
  ["that is nested without end", `version: 1\nservers: ${"[".repeat(50_000)}${"]".repeat(50_000)}\n`],
  ["of nine megabytes", `version: 1\ntitle: ${"x".repeat(9 << 20)}\nservers: []\n`],
  ["of two documents", "version: 1\nservers: []\n---\nversion: 1\nservers: []\n"],
  ["that is no text", Buffer.from([0x00, 0xff, 0xfe, 0x00, 0x01])],
  ["that is JSON with a key twice", '{"version":1,"servers":[],"servers":[]}'],
  ["of a version that there is not", "version: 99\nservers: []\n"],
];

describe("a document that is to be a catalog", () => {
  it.for(DOCUMENTS)("%s is refused, with where it is wrong, and nothing of it is kept", async ([, text], { expect }) => {
    const file = path.join(lab.host.home, "hostile.yaml");
    writeFileSync(file, text);
    const said = await lab.refused(["mcp", "catalog", "import", file]);
    expect(said).toMatch(/^error: /);
    expect(said).toContain("hostile.yaml");
    expect(said).not.toMatch(/\n {4}at /);
    expect(readdirSync(config("catalogs"))).toEqual(["evil.yaml"]);
  });

  it("of a community registry asks for nothing that its form could carry into a command", async ({ expect }) => {
    const argument = (value: string): object => ({ type: "positional", value });
    const package_ = { registryType: "oci", identifier: "ghcr.io/a/b", version: "1.0.0", transport: { type: "stdio" } };
    const file = path.join(lab.host.home, "poisoned.json");
    writeFileSync(
      file,
      JSON.stringify({
        name: "io.github.evil/poisoned",
        description: "\u001b[2Jharmless",
        version: "1.0.0",
        packages: [
          {
            ...package_,
            runtimeArguments: [
              argument("--privileged"),
              argument("-v"),
              argument("/:/host"),
              argument("--network=host"),
              { type: "named", name: "--pid", value: "host" },
              { type: "named", name: "-v", value: "/etc:/etc" },
            ],
            packageArguments: [argument("{{other.secret}}"), argument("$HOME")],
            environmentVariables: [{ name: "LD_PRELOAD\nX", value: "y" }],
          },
          { ...package_, registryType: "npm", identifier: "--registry=http://evil.test", version: "1.0.0" },
          { ...package_, registryType: "npm", identifier: "left-pad", version: "latest" },
          { ...package_, registryType: "npm", identifier: "left-pad", version: "1.0.0", registryBaseUrl: "http://127.0.0.1:1/" },
        ],
        remotes: [{ type: "streamable-http", url: "http://169.254.169.254/latest" }],
      }),
    );
    const { stdout, stderr } = await lab.host.sbx(["mcp", "catalog", "import", file, "--dry-run", "--json"]);
    expect(movesTerminal(stdout + stderr)).toBe(false);
    const kept = await lab.host.sbx(["mcp", "catalog", "import", file, "--name", "poisoned"]);
    if (kept.code === 0) {
      const written = await lab.sbx(["mcp", "catalog", "show", "poisoned", "--json"]);
      expect(written).not.toMatch(/--privileged|--network|"\/:\/host|\/etc:\/etc|--pid|--registry|127\.0\.0\.1|LD_PRELOAD|"latest"|other\.secret/);
      const { servers } = JSON.parse(written) as { readonly servers: readonly { readonly name: string }[] };
      for (const { name } of servers) expect(await client.tool("mcp-add", { name })).not.toContain("Successfully");
      await lab.sbx(["mcp", "catalog", "rm", "poisoned"]);
    }
  });

  it("is kept under no name that leads elsewhere", async ({ expect }) => {
    const file = path.join(lab.host.home, "good.yaml");
    writeFileSync(file, "version: 1\nservers: []\n");
    for (const name of ["../escape", "/etc/cron.d/x", "a\nb", "..", ".", "builtin"]) await lab.refused(["mcp", "catalog", "import", file, "--name", name]);
    expect(readdirSync(config("catalogs"))).toEqual(["evil.yaml"]);
    expect(await client.tool("mcp-create-profile", { name: "../../escape" })).not.toContain("Successfully");
  });
});

describe("a file that breaks while it is in use", () => {
  beforeAll(async () => {
    await lab.sbx(["mcp", "server", "enable", "plain"]);
    await client.ask({ method: "DELETE" });
  });

  it.for([
    ["catalogs/evil.yaml", "\nservers: [\n", ["mcp", "catalog", "ls"], "plain"],
    ["registry.yaml", "registry:\n  plain: {ref: ''}\n  plain: {ref: ''}\n", ["mcp", "server", "enable", "time"], "plain"],
    ["config.yaml", "a: [\n", ["mcp", "config", "set", "plain.x=1"], "plain"],
    ["tools.yaml", "plain: say\nplain: [say]\n", ["mcp", "tools", "disable", "say"], "plain"],
    ["rules.yaml", "rules:\n  - { effect: allow, name: '*' }\n  - { effect: allow, effect: deny }\n", ["mcp", "server", "allow", "time"], "plain"],
  ] as const)("(%s) is told of with its line, and what stood there before holds", async ([file, text, command, server], { expect }) => {
    const before = safeRead(config(file));
    if (file.startsWith("catalogs")) appendFileSync(config(file), text);
    else writeFileSync(config(file), text);
    const { stdout, stderr } = await lab.host.sbx([...command]);
    expect(stdout + stderr).toMatch(new RegExp(`${file.replace(".", "\\.")}:\\d+`));
    const fresh = await gateway.client();
    expect(await fresh.tool("mcp-add", { name: server })).toContain("Successfully");
    expect(await fresh.tool("mcp-add", { name: "volume-root" })).not.toContain("Successfully");
    await fresh.ask({ method: "DELETE" });
    writeFileSync(config(file), before);
  });

  it("and is broken when the daemon starts allows nobody anything", async ({ expect }) => {
    writeFileSync(rulesFile(), "rules: [\n");
    await lab.sbx(["daemon", "stop"]);
    await using again = await lab.gateway();
    const { status, text, headers } = await (await again.client({ session: false })).send(INITIALIZE);
    expect([status, headers["mcp-session-id"]]).toEqual([503, undefined]);
    expect(text).toMatch(/rules\.yaml:\d+/);
    await lab.refused(["mcp", "tools", "call", "say"]);
  });
});

function safeRead(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
