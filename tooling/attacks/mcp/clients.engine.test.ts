import { once } from "node:events";
import { statSync, readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { INITIALIZE, RawClient } from "../../../packages/mcp-gateway/test/support/http-client.ts";
import { answerIn, GatewayLab, HostClient, type RunningGateway } from "./gateway-lab.ts";

let lab: GatewayLab;
let gateway: RunningGateway;
let slow: Promise<string>;

beforeAll(async () => {
  lab = await GatewayLab.make(inject("baseImage"));
  await lab.catalog("ours", [lab.entry("plain")], ["plain"]);
  gateway = await lab.gateway();
  slow = slowly();
}, 300_000);
afterAll(() => lab[Symbol.asyncDispose](), 60_000);

/** A connection on which bytes are sent as they are; `back` is everything that came until the other side closed. */
function raw(head: string): { readonly socket: Socket; readonly back: Promise<string> } {
  const socket = connect(gateway.port, "127.0.0.1");
  let back = "";
  socket.on("data", (chunk: Buffer) => (back += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(head.replaceAll("\n", "\r\n").replace("$TOKEN", gateway.token));
  return { socket, back: new Promise((resolve) => socket.on("close", () => resolve(back))) };
}

/** A client that begins a body and then sends a byte now and then. */
async function slowly(): Promise<string> {
  const { socket, back } = raw(`${HEAD}content-length: 100000\n\n{`);
  const drip = setInterval(() => socket.write(" "), 500);
  await back;
  clearInterval(drip);
  return back;
}

const HEAD = "POST /mcp HTTP/1.1\nhost: 127.0.0.1\nauthorization: Bearer $TOKEN\naccept: application/json, text/event-stream\ncontent-type: application/json\nconnection: close\n";
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const statusOf = (back: string): string => /^HTTP\/1\.1 (\d+)/.exec(back)?.[1] ?? "closed";
const started = async (): Promise<readonly string[]> => (await lab.host.events()).flatMap(({ type, fields }) => (type === "server.started" ? [String(fields["server"])] : []));

describe("whoever reaches the gateway of a person's clients", () => {
  it.for<readonly [string, Record<string, string>, string]>([
    ["no token", {}, "/mcp"],
    ["a wrong token", { authorization: "Bearer wrong" }, "/mcp"],
    ["half of the token", { authorization: "Bearer HALF" }, "/mcp"],
    ["the token in another scheme", { authorization: "Basic TOKEN" }, "/mcp"],
    ["the token in its address", {}, "/mcp?token=TOKEN&access_token=TOKEN"],
    ["the token in a cookie", { cookie: "token=TOKEN" }, "/mcp"],
    ["the name of the old transport", {}, "/sse"],
    ["a path that is another by dots", {}, "/health/../mcp"],
  ])("gets nothing with %s", async ([, headers, where], { expect }) => {
    const fill = (text: string): string => text.replaceAll("TOKEN", gateway.token).replace("HALF", gateway.token.slice(0, 25));
    const client = new RawClient(gateway.port);
    const answer = await client.ask({ path: fill(where), body: JSON.stringify(INITIALIZE), headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)])) });
    expect([401, 404]).toContain(answer.status);
    expect(answer.headers["mcp-session-id"]).toBeUndefined();
  });

  it.for<readonly [string, Record<string, string>]>([
    ["a rebound name", { host: "evil.example" }],
    ["a rebound name with the port", { host: "evil.example:8811" }],
    ["a name that begins like ours", { host: "127.0.0.1.evil.example" }],
    ["the name that only sandboxes have for it", { host: "host.docker.internal" }],
    ["another origin", { origin: "https://evil.example" }],
    ["another port of this machine", { origin: "http://localhost:3000" }],
    ["a page without an origin", { origin: "null" }],
    ["another site", { "sec-fetch-site": "cross-site" }],
  ])("gets nothing by way of %s, even with the token", async ([, headers], { expect }) => {
    const client = await gateway.client({ session: false });
    for (const method of ["POST", "GET", "OPTIONS", "DELETE"]) {
      const answer = await client.ask({ method, headers, ...(method === "POST" ? { body: JSON.stringify(INITIALIZE) } : {}) });
      expect([method, answer.status]).toEqual([method, 403]);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control") || name === "mcp-session-id")).toEqual([]);
    }
  });

  it("has started nothing by any of it", async ({ expect }) => {
    expect(await started()).toEqual([]);
  });

  it("is no other machine: it listens on the loopback alone, and on no other when it is told to", async ({ expect }) => {
    const others = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    for (const { address } of others) {
      const socket = connect(gateway.port, address);
      const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
      expect([address, error.code]).toEqual([address, "ECONNREFUSED"]);
    }
    expect(await lab.refused(["mcp", "gateway", "run", "--transport=streaming", "--host", "0.0.0.0"])).toContain("for this machine only");
  });

  it("reads the token nowhere: not in logs, events or the state, and its file is the owner's alone", async ({ expect }) => {
    const root = path.dirname(lab.host.stateDirectory);
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    const holding = files.map((one) => path.join(one.parentPath, one.name)).filter((file) => readFileSync(file, "latin1").includes(gateway.token));
    expect(holding.map((file) => (statSync(file).mode & 0o777).toString(8))).toEqual(["600"]);
    for (const said of [gateway.said(), await lab.sbx(["daemon", "logs"]), JSON.stringify(await lab.host.events())]) expect(said).not.toContain(gateway.token);
    expect((await (await gateway.client({ session: false })).ask({ method: "GET", path: "/health" })).text).not.toContain(gateway.token);
  });
});

describe("a session of a person's client", () => {
  it("never has the id that somebody chose for it", async ({ expect }) => {
    const fixed = await gateway.client({ session: false });
    fixed.session = "chosen-by-the-attacker-0123456789012345678";
    const first = await fixed.send(INITIALIZE);
    expect(first.headers["mcp-session-id"]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(first.headers["mcp-session-id"]).not.toBe(fixed.session);
    expect((await fixed.send(JSON.parse(PING))).status).toBe(404);
  });

  it("is of no use to whoever stole its id, without the token or at another gateway of the same person", async ({ expect }) => {
    const victim = await gateway.client();
    expect(await victim.tool("mcp-add", { name: "plain" })).toContain("Successfully added");
    const without = new RawClient(gateway.port);
    without.session = victim.session;
    await using second = await lab.gateway();
    const elsewhere = await second.client({ session: false });
    elsewhere.session = victim.session;
    for (const method of ["POST", "GET", "DELETE"]) {
      const ask = { method, ...(method === "POST" ? { body: PING } : {}) };
      expect([method, (await without.ask(ask)).status, (await elsewhere.ask(ask)).status]).toEqual([method, 401, 404]);
    }
    expect(await victim.tool("say", { still: "here" })).toBe('said {"still":"here"}');
    await victim.ask({ method: "DELETE" });
    expect((await victim.send(JSON.parse(PING))).status).toBe(404);
  });

  it("has nothing of what another one added, nor its scripts, drafts or resources", async ({ expect }) => {
    const [one, other] = [await gateway.client(), await gateway.client()];
    await one.tool("mcp-add", { name: "plain" });
    await one.tool("code-mode", { servers: ["plain"], name: "mine" });
    expect(await one.toolNames()).toEqual(expect.arrayContaining(["say"]));
    expect((await other.toolNames()).filter((name) => !name.startsWith("mcp-") && name !== "code-mode")).toEqual([]);
    for (const [tool, args] of [
      ["mcp-exec", { name: "say", arguments: {} }],
      ["mcp-exec", { name: "code-mode-mine", arguments: { script: "return say({})" } }],
      ["say", {}],
    ] as const)
      expect(await other.tool(tool, args)).not.toContain("said");
  });

  it("is not resumed with the id of another one's event, or one that was made up", async ({ expect }) => {
    const client = await gateway.client();
    for (const id of ["9-1", "1", "x", "-1-1", "999999999999999-1", "0-0\t", "1-1-1", "0x1-1"])
      expect([id, (await client.ask({ method: "GET", headers: { "last-event-id": id } })).status]).toEqual([id, 400]);
  });

  it("takes no more streams than it needs, and no number of sessions keeps a new one out", async ({ expect }) => {
    const client = await gateway.client();
    const streams = await Promise.all(Array.from({ length: 6 }, () => client.open({ method: "GET" })));
    expect(streams.map(({ statusCode }) => String(statusCode)).toSorted()).toEqual(["200", "200", "200", "200", "409", "409"]);
    for (const stream of streams) stream.destroy();
    for (let n = 0; n < 200; n += 1) await gateway.client();
    expect((await (await gateway.client()).request("ping")).result).toEqual({});
  });
});

describe("a message to the gateway of a person's clients", () => {
  it.for<readonly [string, readonly number[], { readonly body?: string | Buffer; readonly headers?: Record<string, string> }]>([
    ["that names its method twice", [400], { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}' }],
    ["that names an argument twice", [400], { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"mcp-add","arguments":{"name":"x","name":"plain"}}}' }],
    ["that writes one name in two ways", [400], { body: '{"jsonrpc":"2.0","id":1,"method":"ping","meth\\u006fd":"tools/list"}' }],
    ["that is a batch", [400], { body: `[${PING},${PING}]` }],
    ["that is an empty batch", [400], { body: "[]" }],
    ["with an id that is null", [400], { body: '{"jsonrpc":"2.0","id":null,"method":"ping"}' }],
    ["with an id that is an object", [400], { body: '{"jsonrpc":"2.0","id":{},"method":"ping"}' }],
    ["with an id that is no whole number", [400], { body: '{"jsonrpc":"2.0","id":1.5,"method":"ping"}' }],
    ["of another version", [400], { body: '{"jsonrpc":"1.0","id":1,"method":"ping"}' }],
    ["that answers what nobody asked", [202], { body: '{"jsonrpc":"2.0","id":"elicit-1","result":{"action":"accept","content":{"agree":true}}}' }],
    ["that is both an answer and a request", [400], { body: '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}' }],
    ["that is nested without end", [400], { body: `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}` }],
    ["with half a character", [400], { body: Buffer.from([0x7b, 0xc3, 0x28, 0x7d]) }],
    ["with a mark before it", [400], { body: `\ufeff${PING}` }],
    ["that is larger than 4 MiB", [413], { body: Buffer.alloc((4 << 20) + 1, 0x20) }],
    ["that is packed", [415], { body: PING, headers: { "content-encoding": "gzip" } }],
    ["of a form, as a page can send it", [415], { body: PING, headers: { "content-type": "text/plain" } }],
    ["of two types", [415], { body: PING, headers: { "content-type": "text/plain, application/json" } }],
    ["of a revision that nobody knows", [400], { body: PING, headers: { "mcp-protocol-version": "9999-99-99" } }],
  ])("%s is answered with %o and not carried out", async ([, statuses, ask], { expect }) => {
    const client = await gateway.client();
    const answer = await client.ask(ask);
    expect(statuses).toContain(answer.status);
    expect(answer.text).not.toContain('"result"');
    expect((await client.request("ping")).result).toEqual({});
  });

  it("that was refused has started nothing", async ({ expect }) => {
    // What the sessions above added on purpose: one each.
    expect(await started()).toEqual(["plain", "plain"]);
  });

  it("with the id of one that is not answered yet is refused, and the first is answered once", async ({ expect }) => {
    const client = await gateway.client();
    await client.tool("mcp-add", { name: "plain" });
    const call = (id: unknown, name: string, args: object): string => JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } });
    const first = client.ask({ body: call(7, "ask", { method: "elicitation/create", params: {} }) });
    const second = await client.ask({ body: call(7, "say", { second: true }) });
    // Whichever of the two came first is answered, and the other is refused or came after it.
    expect([200, 400]).toContain(second.status);
    const answers = [await first, second].flatMap((answer) => (answer.status === 200 ? [answerIn(answer, 7)] : []));
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(answer.result.content).toHaveLength(1);
  });

  it("that tries to change what objects are changes nothing", async ({ expect }) => {
    const client = await gateway.client();
    await client.tool("mcp-add", { name: "plain" });
    for (const args of ['{"__proto__":{"isError":true,"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'])
      await client.ask({ body: `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"say","arguments":${args},"__proto__":{"name":"die"}}}` });
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect((await client.request(name)).error.code).toBe(-32601);
      expect(await client.tool(name)).toMatch(/[Uu]nknown tool/);
      expect(await client.tool("mcp-add", { name })).toContain("not found in catalog");
    }
    expect(await client.tool("say", { clean: true })).toBe('said {"clean":true}');
  });

  it.for<readonly [string, string, string]>([
    ["two lengths", `${HEAD}content-length: 40\ncontent-length: 4\n\n`, PING],
    ["a length and chunks", `${HEAD}content-length: 40\ntransfer-encoding: chunked\n\n`, `28\r\n${PING}\r\n0\r\n\r\n`],
    ["chunks that are no chunks", `${HEAD}transfer-encoding: chunked, identity\n\n`, PING],
    ["two hosts", `${HEAD}host: evil.example\ncontent-length: 40\n\n`, PING],
    ["two sessions", `${HEAD}mcp-session-id: a\nmcp-session-id: b\ncontent-length: 40\n\n`, PING],
    ["a header over two lines", `${HEAD}x-a: b\n mcp-session-id: c\ncontent-length: 40\n\n`, PING],
    ["an address of elsewhere", HEAD.replace("/mcp", "http://evil.example/mcp").replace("host: 127.0.0.1", "host: evil.example") + "content-length: 40\n\n", PING],
    ["headers without end", `${HEAD}${"x-filler: ".padEnd(4000, "y").concat("\n").repeat(40)}\n`, ""],
    ["no host", HEAD.replace("host: 127.0.0.1\n", "") + "content-length: 40\n\n", PING],
    ["an upgrade", "GET /mcp HTTP/1.1\nhost: 127.0.0.1\nauthorization: Bearer $TOKEN\nconnection: upgrade, close\nupgrade: websocket\nsec-websocket-key: x\n\n", ""],
    ["a tunnel", "CONNECT 127.0.0.1:22 HTTP/1.1\nhost: 127.0.0.1\nauthorization: Bearer $TOKEN\n\n", ""],
  ])("with %s is refused, and nothing comes of a second one behind it", async ([, head, body], { expect }) => {
    const hidden = HEAD.replaceAll("\n", "\r\n").replace("$TOKEN", gateway.token);
    const sent = raw(head);
    sent.socket.end(`${body}${hidden}content-length: ${JSON.stringify(INITIALIZE).length}\r\n\r\n${JSON.stringify(INITIALIZE)}`);
    const back = await sent.back;
    expect(["400", "403", "404", "405", "406", "426", "431", "closed"]).toContain(statusOf(back));
    expect(back).not.toMatch(/mcp-session-id|serverInfo/i);
  });

  it("without an end is cut off, and others are answered meanwhile", async ({ expect }) => {
    const { socket, back } = raw(`${HEAD}transfer-encoding: chunked\n\n`);
    let sent = 0;
    const more = (): void => {
      while (!socket.destroyed && sent < 64 << 20 && socket.write(`10000\r\n${" ".repeat(65_536)}\r\n`)) sent += 65_536;
      sent += 65_536;
      if (sent < 64 << 20) socket.once("drain", more);
    };
    more();
    // Who is still sending when the connection ends may not read why.
    expect(["413", "closed"]).toContain(statusOf(await back));
    expect(sent).toBeLessThan(64 << 20);
    expect((await (await gateway.client()).request("ping")).result).toEqual({});
  });

  it("that comes a byte at a time is given up after a while", { timeout: 120_000 }, async ({ expect }) => {
    expect((await (await gateway.client()).request("ping")).result).toEqual({});
    expect(["408", "closed"]).toContain(statusOf(await slow));
  });
});

describe("a gateway that its person started", () => {
  it("gives nothing of the others when it was limited to one server, not even a way to add", async ({ expect }) => {
    await using limited = await lab.gateway(["--servers=plain", "--tools=plain:say"]);
    const client = await limited.client();
    expect(await client.toolNames()).toEqual(["say"]);
    for (const [tool, args] of [
      ["mcp-add", { name: "plain" }],
      ["mcp-exec", { name: "secrets", arguments: {} }],
      ["secrets", {}],
      ["code-mode", { servers: ["plain"], name: "x" }],
    ] as const)
      expect((await client.request("tools/call", { name: tool, arguments: args })).error.message).toMatch(/[Uu]nknown tool/);
  });

  it("ends with its command, its servers too, and its port is closed", async ({ expect }) => {
    const running = await lab.gateway();
    const client = await running.client();
    await client.tool("mcp-add", { name: "plain" });
    const before = (JSON.parse(await lab.sbx(["mcp", "ls", "--json"])) as unknown[]).length;
    await running[Symbol.asyncDispose]();
    await expect(new HostClient(running.port, running.token).send(INITIALIZE)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect.poll(async () => (JSON.parse(await lab.sbx(["mcp", "ls", "--json"])) as unknown[]).length, { timeout: 30_000 }).toBeLessThan(before);
  });
});
