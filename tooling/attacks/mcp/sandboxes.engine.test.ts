import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { answerIn, BEGIN, GatewayLab, message, textOf, type EntryMore, type RunningGateway } from "./gateway-lab.ts";
import type { Step } from "./sandbox-client.ts";

const SECRETS = { "first.token": "sekret-Of-the-first-0123456789abcdef", "second.token": "sekret-Of-the-second-0123456789abcd" } as const;
const script = (text: string): readonly [string, object] => ["mcp-exec", { name: "code-mode-tries", arguments: { script: text } }];
const CODE: readonly [string, object] = ["code-mode", { servers: ["first"], name: "tries" }];

let lab: GatewayLab;
let gateway: RunningGateway;
/** A port of this machine's loopback on which somebody listens, and how often somebody came. */
let listener: { readonly port: number; seen: number };
const scope = new AsyncDisposableStack();

beforeAll(async () => {
  lab = scope.use(await GatewayLab.make(inject("baseImage")));
  listener = await listen();
  const secrets = (name: string): EntryMore => ({ secrets: [{ name, env: "TOKEN" }] });
  const part = { config: [{ name: "reader", type: "object", properties: { paths: { type: "array", items: { type: "string" } } } }], volumes: ["{{reader.paths|volume|into}}"] };
  const keeper = { volumes: ["kept:/kept"] };
  await lab.catalog("ours", [
    lab.entry("first", "plain", secrets("first.token")),
    lab.entry("second", "plain", secrets("second.token")),
    lab.entry("keeper", "plain", keeper),
    lab.entry("reader", "plain", part),
    lab.entry("not-allowed"),
    lab.entry("denied"),
  ]);
  writeFileSync(
    path.join(path.dirname(lab.host.stateDirectory), "config", "mcp", "rules.yaml"),
    "rules:\n  - { effect: deny, name: denied }\n  - { effect: allow, name: keeper }\n  - { effect: allow, name: reader }\n",
  );
  for (const [name, value] of Object.entries(SECRETS)) {
    await lab.sbx(["secret", "set", name], { input: value });
    await lab.sbx(["secret", "bind", name, "--server", name.replace(".token", "")]);
  }
  gateway = await lab.gateway();
  await lab.sandbox("one");
  await lab.sandbox("two");
  await lab.sbx(["mcp", "server", "allow", "first", "--sandbox", "one"]);
  await lab.sbx(["mcp", "server", "allow", "second", "--sandbox", "two"]);
}, 300_000);
afterAll(() => scope.disposeAsync(), 60_000);

async function listen(): Promise<{ readonly port: number; seen: number }> {
  const found = { port: 0, seen: 0 };
  const server = createServer((_, response) => response.end("reached")).listen(0, "127.0.0.1");
  server.on("connection", () => (found.seen += 1));
  await once(server, "listening");
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return Object.assign(found, { port: address !== null && typeof address === "object" ? address.port : 0 });
}

describe("two sandboxes with different servers and secrets", () => {
  it("see nothing of each other's: neither tools, values, scripts nor processes", async ({ expect }) => {
    const [, own, listed] = await lab.toolsInside("one", [["mcp-add", { name: "first" }], ["secrets"], ["tools/list"], CODE]);
    expect(JSON.parse(own ?? "")).toMatchObject({ TOKEN: SECRETS["first.token"] });
    expect(listed).toContain('"say"');
    const tries = await lab.toolsInside("two", [
      ["tools/list"],
      ["secrets"],
      ["mcp-exec", { name: "secrets", arguments: {} }],
      script("return secrets({})"),
      CODE,
      ["mcp-add", { name: "first" }],
      ["mcp-remove", { name: "first" }],
      ["mcp-add", { name: "second" }],
      ["secrets"],
    ]);
    const theirs = JSON.parse(tries.at(-1) ?? "") as Record<string, string>;
    expect(theirs["TOKEN"]).toBe(SECRETS["second.token"]);
    expect(tries.join("\n")).not.toContain(SECRETS["first.token"]);
    expect(tries.slice(0, 4).join("\n")).not.toMatch(/"say"|TOKEN/);
    const [still] = await lab.toolsInside("one", [["say", { still: "there" }]]);
    expect(still).toBe('said {"still":"there"}');
    const running = JSON.parse(await lab.sbx(["mcp", "ls", "--json"])) as readonly { readonly server: string; readonly sandbox: string }[];
    const pairs = running.map(({ server, sandbox }) => `${server} ${sandbox}`).toSorted();
    expect(pairs).toEqual([`first ${(await lab.host.sandbox("one")).id}`, `second ${(await lab.host.sandbox("two")).id}`]);
  });

  it("cannot use each other's session, nor one of the host's, nor the host's token", async ({ expect }) => {
    const [, begun] = await lab.inside("one", [...BEGIN.slice(0, 1), message(5, "ping")]);
    expect(begun?.status).toBe(200);
    const [opened] = await lab.inside("one", BEGIN.slice(0, 1));
    const host = await gateway.client();
    const stolen = [opened?.session ?? "", host.session ?? ""];
    const steps = stolen.flatMap((session) =>
      ["POST", "GET", "DELETE"].map((method): Step => ({
        method,
        headers: { "mcp-session-id": session, authorization: `Bearer ${gateway.token}` },
        ...(method === "POST" ? { body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' } : {}),
      })),
    );
    expect((await lab.inside("two", steps)).map(({ status }) => status)).toEqual(steps.map(() => 404));
    expect((await host.request("ping")).result).toEqual({});
  });

  it("keep what their servers keep apart, and find nothing of the other's", async ({ expect }) => {
    expect(
      (
        await lab.toolsInside("one", [
          ["mcp-add", { name: "keeper" }],
          ["keeper__put", { path: "/kept/mine" }],
          ["keeper__look", { at: ["/kept"] }],
        ])
      ).slice(1),
    ).toEqual(["undefined", '{"/kept":"mine"}']);
    expect(
      (
        await lab.toolsInside("two", [
          ["mcp-add", { name: "keeper" }],
          ["keeper__look", { at: ["/kept"] }],
        ])
      ).at(-1),
    ).toBe('{"/kept":""}');
  });

  it("have servers that do not reach each other's, nor the sandboxes", async ({ expect }) => {
    const to = [
      "one:80",
      "two:80",
      "first:80",
      "second:80",
      "mcp.sbx.internal:80",
      "host.docker.internal:8811",
      `host.docker.internal:${gateway.port}`,
      `127.0.0.1:${listener.port}`,
      `host.docker.internal:${listener.port}`,
    ];
    const [said = "[]"] = await lab.toolsInside("one", [["reach", { to }]]);
    const outcomes = JSON.parse(said) as readonly string[];
    expect(outcomes).toHaveLength(to.length);
    for (const outcome of outcomes) expect(outcome).toMatch(/ (E[A-Z]+|timeout|end|HTTP\/1\.[01] 40[38])$/);
    expect(listener.seen).toBe(0);
  });
});

describe("an agent that wants more than it was given", () => {
  it("adds nothing that nobody allowed, by whatever tool, and finds nothing that was denied", async ({ expect }) => {
    const tries = await lab.toolsInside("one", [
      ["mcp-add", { name: "not-allowed" }],
      ["mcp-add", { name: "denied" }],
      ["mcp-find", { query: "denied" }],
      ["mcp-exec", { name: "mcp-add", arguments: { name: "not-allowed" } }],
      ["mcp-exec", { name: "mcp-exec", arguments: { name: "mcp-add", arguments: { name: "not-allowed" } } }],
      ["code-mode", { servers: ["not-allowed"], name: "x" }],
      ["mcp-add", { name: "../ours" }],
      ["mcp-add", { name: "first\u0000denied" }],
      ["tools/list"],
    ]);
    for (const said of tries) expect(said).not.toMatch(/Successfully|"name":"(denied|not-allowed)"|code-mode-x/);
    expect((await lab.host.events()).filter(({ type, fields }) => type === "server.started" && ["denied", "not-allowed"].includes(String(fields["server"])))).toEqual([]);
  });

  it("answers no question that is its person's, though it says that it can", async ({ expect }) => {
    const answers = await lab.inside("one", [
      ...BEGIN,
      { ...message(3, "tools/call", { name: "mcp-add", arguments: { name: "not-allowed" } }) },
      ...[0, 1, 2, "1"].map((id): Step => ({ headers: { "mcp-session-id": "$SESSION" }, body: JSON.stringify({ jsonrpc: "2.0", id, result: { action: "accept", content: { agree: true } } }) })),
      message(4, "tools/call", { name: "mcp-add", arguments: { name: "not-allowed" } }),
    ]);
    expect(answers.map(({ text }) => text).join("\n")).not.toMatch(/elicitation\/create|Successfully/);
    expect(textOf(answerIn(answers.at(-1) ?? { text: "" }, 4))).toContain("agreement of a person");
  });

  it("shows a server no directory of the machine by its configuration", async ({ expect }) => {
    const places = ["/", "/etc", "/root", "/root/.ssh", "/var/run", "/var/run/docker.sock", lab.host.home, lab.host.stateDirectory, "/proc/1/root", "../..", "/tmp/../etc"];
    const calls = places.flatMap((place) => [
      ["mcp-config-set", { server: "reader", config: { paths: [place] } }] as const,
      ["mcp-add", { name: "reader" }] as const,
      ["reader__look", { at: [place] }] as const,
    ]);
    const said = await lab.toolsInside("one", calls);
    const shown = said.filter((text, at) => at % 3 !== 0 && /Successfully|passwd|id_rsa|sbxd/.test(text));
    expect([said.length, shown]).toEqual([places.length * 3, []]);
  });

  it("activates no profile that is its person's, and writes none outside of its place", async ({ expect }) => {
    await lab.sbx(["mcp", "profile", "create", "--name", "Private", "--server", "catalog://ours/not-allowed"]);
    const tries = await lab.toolsInside("one", [
      ["mcp-activate-profile", { name: "private" }],
      ["mcp-activate-profile", { name: "../../../etc/passwd" }],
      ["mcp-create-profile", { name: "../../escape" }],
      ["mcp-create-profile", { name: "private" }],
      ["tools/list"],
    ]);
    expect(tries.join("\n")).not.toMatch(/root:x:0|escape\.yaml/);
    expect(await lab.sbx(["mcp", "profile", "show", "private"])).toContain("not-allowed");
    expect((await lab.host.events()).filter(({ type, fields }) => type === "server.started" && fields["server"] === "not-allowed")).toEqual([]);
  });

  it("passes no secret to a tool, by a script or through another tool neither", async ({ expect }) => {
    const token = ["ghp", "_0123456789abcdefghijklmnopqrstuvwxyz"].join("");
    const tries = await lab.toolsInside("one", [
      ["say", { token }],
      ["mcp-exec", { name: "say", arguments: { token } }],
      CODE,
      script(`return say({ token: ${JSON.stringify(token)} })`),
      script(`return say({ token: "gh" + "p_" + ${JSON.stringify(token.slice(4))} })`),
    ]);
    for (const said of tries) expect(said).not.toContain(token);
    expect(tries[0]).toMatch(/secret/i);
  });

  it("by another name of the gateway, another origin or another path gets nothing else", async ({ expect }) => {
    const body = BEGIN[0]?.body ?? "";
    const steps: readonly Step[] = [
      { body, headers: { host: "localhost:8811" } },
      { body, headers: { host: "evil.test" } },
      { body, headers: { origin: "http://localhost:3000" } },
      { body, path: "/../../v1/sandboxes" },
      { method: "GET", path: "/v1/sandboxes" },
      { method: "GET", path: "/sse", headers: { host: "127.0.0.1" } },
      { body, host: "host.docker.internal", port: gateway.port },
      { body, host: "127.0.0.1", port: gateway.port },
    ];
    for (const [at, { status, session, text }] of (await lab.inside("two", steps)).entries())
      expect([at, [0, 400, 403, 404, 421].includes(status) ? "refused" : `${status} ${text}`, session]).toEqual([at, "refused", undefined]);
  });
});

describe("a script of an agent", () => {
  it("finds no way out of its machine, nor any other tool than those of its servers", async ({ expect }) => {
    const tries = await lab.toolsInside("one", [
      CODE,
      ...[
        "return typeof process + typeof require + typeof fetch + typeof WebAssembly + typeof setTimeout",
        'return String(globalThis.constructor.constructor("return typeof process")())',
        'return say.constructor.constructor("return typeof require")()',
        'return import("node:fs").then(String)',
        'try { return mcp_add({ name: "not-allowed" }) } catch (e) { return e.stack }',
        'return globalThis["mcp-add"]({ name: "not-allowed" })',
        "return JSON.stringify(Object.getOwnPropertyNames(globalThis).filter((n) => /^(std|os|scriptArgs|process|module|Deno|Bun)$/.test(n)))",
      ].map(script),
    ]);
    expect(tries[0]).toContain("code-mode-tries");
    expect(tries.slice(1).join("\n")).not.toMatch(/object|file:\/\/|node:internal|packages\/|Successfully/);
    expect(tries.at(-1)).toContain("[]");
  });

  it("that never ends, fills memory or calls without end is stopped, and the gateway answers the other sandbox", { timeout: 240_000 }, async ({ expect }) => {
    const bombs = [
      "while (true) {}",
      'let a = "x"; while (true) a += a',
      "const f = () => f(); f()",
      "const a = []; while (true) a.push(new Array(1e6).fill(1))",
      "while (true) say({})",
      'return "x".repeat(1e9)',
      "/(a+)+$/.test('a'.repeat(50) + 'b')",
    ];
    const exploding = lab.toolsInside("one", [CODE, ...bombs.map(script)]);
    for (let n = 0; n < 5; n += 1) expect(await lab.toolsInside("two", [["say", { n }]])).toEqual([`said {"n":${n}}`]);
    const said = await exploding;
    for (const text of said) expect(text.length).toBeLessThan(1_000_000);
    expect(await lab.toolsInside("one", [script("return 1 + 1")])).toEqual([expect.stringContaining("2")]);
  });
});

describe("what is left behind", () => {
  it("of secrets is nothing: not in logs, events, state, containers or the sandboxes", async ({ expect }) => {
    const ids = [(await lab.host.sandbox("one")).id, (await lab.host.sandbox("two")).id];
    const containers = await Promise.all((await Promise.all(ids.map((id) => lab.host.containersOf(id)))).flat().map(({ Id }) => lab.host.inspect(Id)));
    const inside = await Promise.all(["one", "two"].map((name) => lab.sbx(["exec", name, "sh", "-c", "env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; tar c -C ~ . /tmp 2>/dev/null || true"])));
    const said = [JSON.stringify(await lab.host.events()), await lab.sbx(["daemon", "logs"]), await lab.sbx(["mcp", "logs", "first"]), gateway.said(), ...containers, ...inside];
    expect(containers.length).toBeGreaterThan(3);
    for (const value of Object.values(SECRETS)) expect(said.filter((text) => text.includes(value))).toEqual([]);
  });

  it("of servers is nothing when their sandboxes stop", async ({ expect }) => {
    await lab.sbx(["stop", "one", "two"]);
    expect(JSON.parse(await lab.sbx(["mcp", "ls", "--json"]))).toEqual([]);
  });
});
