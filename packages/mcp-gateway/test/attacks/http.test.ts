import { connect } from "node:net";
import { once } from "node:events";
import { describe, it } from "vitest";
import { eventsOf, INITIALIZE, nextMessage, RawClient } from "../support/http-client.ts";
import { aTool, withTools } from "../support/scripted-server.ts";
import { anEntry, aSandbox, aWorld, type World } from "../support/world.ts";

const TOKEN = "a-token-of-the-host";

function echoWorld(more: Parameters<typeof aWorld>[0] = {}): World {
  return aWorld({ servers: { echo: () => withTools(aTool("say")) }, entries: [anEntry("echo")], ...more });
}

describe("a session", () => {
  it("cannot be used by another sandbox that knows its id", async ({ expect }) => {
    await using world = echoWorld();
    const owner = new RawClient(await world.serve(aSandbox("a")), "host.docker.internal");
    const thief = new RawClient(await world.serve(aSandbox("b")), "host.docker.internal");
    await owner.initialize();
    thief.session = owner.session;
    expect((await thief.call("say")).status).toBe(404);
    expect((await thief.ask({ method: "GET" })).status).toBe(404);
    expect((await thief.ask({ method: "DELETE" })).status).toBe(404);
    expect(world.starts).toEqual([]);
    expect((await owner.call("say")).json.result.content[0].text).toBe("say {}");
  });

  it("never has an id that a client chose, and a new one at each start", async ({ expect }) => {
    await using world = echoWorld();
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    client.session = "chosen-by-the-attacker";
    const first = await client.send(INITIALIZE);
    expect(first.headers["mcp-session-id"]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect((await client.send({ ...INITIALIZE, id: 1, method: "ping" })).status).toBe(404);
    expect((await client.send(INITIALIZE)).headers["mcp-session-id"]).not.toBe(first.headers["mcp-session-id"]);
  });

  it("is over after DELETE, and is needed for everything but initialize", async ({ expect }) => {
    await using world = echoWorld();
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    expect((await client.call("say")).status).toBe(400);
    await client.initialize();
    expect((await client.ask({ method: "DELETE" })).status).toBe(204);
    expect((await client.call("say")).status).toBe(404);
    expect(world.starts).toEqual([]);
  });

  it("cannot be opened without end", async ({ expect }) => {
    await using world = echoWorld({ limits: { sessionsPerScope: 3 } });
    const port = await world.serve(aSandbox());
    const clients = Array.from({ length: 5 }, () => new RawClient(port, "host.docker.internal"));
    const [first, ...rest] = clients;
    for (const client of clients) await client.initialize();
    // The oldest ones gave way, since nobody held a connection of theirs open.
    expect(await Promise.all(clients.map(async (client) => (await client.send({ jsonrpc: "2.0", id: 1, method: "ping" })).status))).toEqual([404, 404, 200, 200, 200]);
    const streams = await Promise.all(rest.slice(1).map(async (client) => await client.open({ method: "GET" })));
    expect((await first?.send(INITIALIZE))?.status).toBe(503);
    for (const stream of streams) stream.destroy();
    expect((await new RawClient(await world.serve(aSandbox("b")), "host.docker.internal").send(INITIALIZE)).status).toBe(200);
  });
});

describe("a page in a browser", () => {
  it.for<readonly [string, Record<string, string>]>([
    ["a name that was rebound", { host: "evil.example" }],
    ["a name that looks like ours", { host: "127.0.0.1.evil.example" }],
    ["another origin", { origin: "https://evil.example" }],
    ["another port of this host", { origin: "http://localhost:1" }],
    ["no origin of its own", { origin: "null" }],
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["the same site", { "sec-fetch-site": "same-site" }],
  ])("reaches nothing from %s, even with the token", async ([, headers], { expect }) => {
    await using world = echoWorld();
    const client = new RawClient((await world.listen({ token: TOKEN })).port);
    const answer = await client.send(INITIALIZE, { authorization: `Bearer ${TOKEN}`, ...headers });
    expect(answer.status).toBe(403);
    expect(answer.headers["mcp-session-id"]).toBeUndefined();
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("in a sandbox reaches nothing, either", async ({ expect }) => {
    await using world = echoWorld();
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    expect((await client.send(INITIALIZE, { origin: "http://localhost:3000" })).status).toBe(403);
    expect((await client.send(INITIALIZE, { host: "localhost:8811" })).status).toBe(403);
    expect((await client.ask({ method: "OPTIONS", headers: { origin: "http://evil.example", "access-control-request-method": "POST" } })).status).toBe(403);
  });
});

describe("a client on the host", () => {
  it.for<readonly [string, Record<string, string>]>([
    ["no token", {}],
    ["a wrong token", { authorization: "Bearer wrong" }],
    ["the beginning of the token", { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ["another scheme", { authorization: `Basic ${TOKEN}` }],
    ["the token in the address", {}],
  ])("is not let in with %s", async ([, headers], { expect }) => {
    await using world = echoWorld();
    const client = new RawClient((await world.listen({ token: TOKEN })).port);
    const answer = await client.ask({ path: `/mcp?token=${TOKEN}`, body: JSON.stringify(INITIALIZE), headers });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toMatch(/^Bearer realm=/);
  });

  it("is let in with the token, and never when there is none", async ({ expect }) => {
    await using world = echoWorld();
    const client = new RawClient((await world.listen({ token: TOKEN })).port);
    expect((await client.send(INITIALIZE, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    const closed = new RawClient((await world.listen({ token: "", allowUnauthenticated: false })).port);
    expect((await closed.send(INITIALIZE, { authorization: "Bearer " })).status).toBe(401);
  });

  it("sees nothing of what another session added", async ({ expect }) => {
    await using world = echoWorld({ enabled: [] });
    const { port } = await world.listen();
    const [one, other] = [new RawClient(port), new RawClient(port)];
    await one.initialize();
    await other.initialize();
    expect((await one.call("mcp-add", { name: "echo" })).json.result.isError).toBeUndefined();
    const names = async (client: RawClient): Promise<string[]> => (await client.send({ jsonrpc: "2.0", id: 9, method: "tools/list" })).json.result.tools.map((tool: { name: string }) => tool.name);
    expect(await names(one)).toContain("say");
    expect(await names(other)).not.toContain("say");
  });
});

describe("a body", () => {
  it.for<readonly [string, number, { readonly body?: string | Buffer; readonly headers?: Record<string, string> }]>([
    ["with a name twice", 400, { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}' }],
    ["with a name twice in the arguments", 400, { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","arguments":{"path":"/ok","path":"/etc"}}}' }],
    ["that is a batch", 400, { body: '[{"jsonrpc":"2.0","id":1,"method":"ping"}]' }],
    ["that is no JSON", 400, { body: "{" }],
    ["without a version", 400, { body: '{"id":1,"method":"ping"}' }],
    ["with null as its id", 400, { body: '{"jsonrpc":"2.0","id":null,"method":"ping"}' }],
    ["nested too deep", 400, { body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","arguments":{"a":${"[".repeat(5000)}${"]".repeat(5000)}}}}` }],
    ["that is no UTF-8", 400, { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
    ["of another type", 415, { body: "{}", headers: { "content-type": "text/plain" } }],
    ["of a form", 415, { body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } }],
    ["in another encoding", 415, { body: "{}", headers: { "content-type": "application/json; charset=utf-16" } }],
    ["that is compressed", 415, { body: "{}", headers: { "content-encoding": "gzip" } }],
    ["that is too large", 413, { body: Buffer.alloc(4 * 1024 * 1024 + 1, 0x20) }],
    ["for a client that takes no stream", 406, { body: "{}", headers: { accept: "application/json" } }],
    ["of a revision that is not known", 400, { body: '{"jsonrpc":"2.0","id":1,"method":"ping"}', headers: { "mcp-protocol-version": "2031-01-01" } }],
  ])("%s is answered with %i and reaches no server", async ([, status, ask], { expect }) => {
    await using world = echoWorld();
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    expect((await client.ask(ask)).status).toBe(status);
    expect(world.starts).toEqual([]);
    expect(world.faults).toEqual([]);
  });

  it.for([200, 1])("that is sent on after the refusal is thrown away in bounds, and its sender has the answer: %i MiB", async (size, { expect }) => {
    await using world = echoWorld();
    const port = await world.serve(aSandbox());
    const socket = connect(port, "127.0.0.1");
    let back = "";
    socket.on("data", (chunk: Buffer) => (back += chunk.toString()));
    socket.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    // Refused by its type alone: none of the body was read.
    socket.write("POST /mcp HTTP/1.1\r\nhost: host.docker.internal\r\naccept: */*\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n");
    let sent = 0;
    const more = (): void => {
      while (sent < size && !socket.destroyed) {
        sent += 1;
        if (!socket.write(`100000\r\n${" ".repeat(1 << 20)}\r\n`)) break;
      }
      if (sent < size) socket.once("drain", more);
      else socket.end("0\r\n\r\n");
    };
    more();
    await closed;
    expect(back).toMatch(/^HTTP\/1\.1 415 /);
    expect(back).toMatch(/\}$/);
    if (size === 1) expect(sent).toBe(size);
    else expect(sent).toBeLessThan(size);
    expect(world.starts).toEqual([]);
    expect(world.faults).toEqual([]);
  });

  it("that does not end is given up", async ({ expect }) => {
    await using world = echoWorld({ limits: { bodyMs: 50 } });
    const port = await world.serve(aSandbox());
    const socket = connect(port, "127.0.0.1");
    socket.write(`POST /mcp HTTP/1.1\r\nhost: host.docker.internal\r\naccept: */*\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"jsonrpc"`);
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1.1 408 /);
    socket.destroy();
  });

  it("with an id that is not answered yet is refused, and the first one is still answered", async ({ expect }) => {
    const release = Promise.withResolvers<undefined>();
    await using world = aWorld({ servers: { slow: () => ({ ...withTools("wait"), "tools/call": async () => await release.promise.then(() => ({ content: [] })) }) } });
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    await client.send({ jsonrpc: "2.0", id: 5, method: "tools/list" });
    const first = client.call("wait", {}, 7);
    await world.server("slow").sees("tools/call");
    expect((await client.call("wait", {}, 7)).status).toBe(400);
    release.resolve(undefined);
    expect((await first).json).toMatchObject({ id: 7, result: { content: [] } });
    expect(world.server("slow").seen.filter(({ method }) => method === "tools/call")).toHaveLength(1);
  });
});

describe("a client of a revision without initialize", () => {
  it.for<readonly [string, unknown, Record<string, string>]>([
    [
      "server/discover",
      { jsonrpc: "2.0", id: "probe", method: "server/discover", params: { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } } },
      { "mcp-protocol-version": "2026-07-28" },
    ],
    ["a call", { jsonrpc: "2.0", id: "probe", method: "tools/call", params: { name: "say", _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } } }, {}],
    ["server/discover alone", { jsonrpc: "2.0", id: "probe", method: "server/discover" }, {}],
  ])("is told with %s which revisions there are", async ([, message, headers], { expect }) => {
    await using world = echoWorld();
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    const answer = await client.send(message, headers);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ id: "probe", error: { code: -32022, data: { supported: ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] } } });
    expect(world.starts).toEqual([]);
  });
});

describe("a stream", () => {
  it("is resumed with what was missed of it, and with nothing of another", async ({ expect }) => {
    const release = Promise.withResolvers<undefined>();
    await using world = aWorld({
      servers: {
        chatty: () => ({
          ...withTools("talk"),
          "tools/call": async (params, server) => {
            const { progressToken } = params["_meta"] as { progressToken: number };
            server.notify("notifications/progress", { progressToken, progress: 1 });
            await release.promise;
            server.notify("notifications/progress", { progressToken, progress: 2 });
            return { content: [{ type: "text", text: (params["arguments"] as { me: string }).me }] };
          },
        }),
      },
    });
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    const call = async (me: string, id: number) =>
      await client.open({ body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "talk", arguments: { me }, _meta: { progressToken: me } } }) });
    const [one, other] = [await call("one", 1), await call("other", 2)];
    const seen = await nextMessage(eventsOf(one));
    expect(seen.message.params).toEqual({ progressToken: "one", progress: 1 });
    one.destroy();
    release.resolve(undefined);
    for await (const _ of eventsOf(other));
    const rest: unknown[] = [];
    for await (const { data } of eventsOf(await client.open({ method: "GET", headers: { "last-event-id": seen.id ?? "" } }))) rest.push(JSON.parse(data));
    expect(rest).toEqual([
      { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: "one", progress: 2 } },
      { jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "one" }] } },
    ]);
  });

  it.for(["9-1", "x", "1", "-1-1", "999999999999-1"])("is not resumed with the id %s", async (id, { expect }) => {
    await using world = echoWorld();
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    expect((await client.ask({ method: "GET", headers: { "last-event-id": id } })).status).toBe(400);
  });

  it("cannot be opened without end", async ({ expect }) => {
    await using world = echoWorld({ limits: { streamsPerSession: 2 } });
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    const streams = [await client.open({ method: "GET" }), await client.open({ method: "GET" })];
    expect((await client.ask({ method: "GET" })).status).toBe(409);
    for (const stream of streams) stream.destroy();
  });
});
