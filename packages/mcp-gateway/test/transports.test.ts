import { once } from "node:events";
import { connect } from "node:net";
import { Client as ClientV2, SSEClientTransport as SseV2, StreamableHTTPClientTransport as HttpV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport as SseV1 } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { describe, it } from "vitest";
import { eventsOf, nextMessage, RawClient } from "./support/http-client.ts";
import { LineClient } from "./support/line-client.ts";
import { aTool, withTools, type Handle } from "./support/scripted-server.ts";
import { aSandbox, aWorld } from "./support/world.ts";

const TOKEN = "the-token";
const headers = { authorization: `Bearer ${TOKEN}` };
const servers: Record<string, () => Record<string, Handle>> = {
  echo: () => ({
    ...withTools("say"),
    "tools/call": (params, server) => {
      const token = (params["_meta"] as { progressToken?: number } | undefined)?.progressToken;
      if (token !== undefined) server.notify("notifications/progress", { progressToken: token, progress: 1 });
      return { content: [{ type: "text", text: JSON.stringify(params["arguments"]) }] };
    },
  }),
};

/** What each official client is asked to do; the two lines have the same methods under different types. */
interface AnyClient {
  connect(transport: never): Promise<void>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  close(): Promise<void>;
}

const CLIENTS: readonly (readonly [string, (url: string) => readonly [AnyClient, unknown]])[] = [
  ["line 2, streamable HTTP", (url) => [new ClientV2({ name: "t", version: "1" }), new HttpV2(new URL(url), { requestInit: { headers } })]],
  [
    "line 2, looking for a stateless revision first",
    (url) => [new ClientV2({ name: "t", version: "1" }, { versionNegotiation: { mode: "auto" } }), new HttpV2(new URL(url), { requestInit: { headers } })],
  ],
  ["line 2, events", (url) => [new ClientV2({ name: "t", version: "1" }), new SseV2(new URL("/sse", url), { requestInit: { headers } })]],
  ["line 1, streamable HTTP", (url) => [new ClientV1({ name: "t", version: "1" }), new HttpV1(new URL(url), { requestInit: { headers } })]],
  ["line 1, events", (url) => [new ClientV1({ name: "t", version: "1" }), new SseV1(new URL("/sse", url), { requestInit: { headers } })]],
];

describe("the official clients", () => {
  it.for(CLIENTS)("of %s list, call, hear of changes and leave", async ([, make], { expect }) => {
    await using world = aWorld({ servers });
    const { url } = await world.listen({ token: TOKEN });
    const [client, transport] = make(url);
    await client.connect(transport as never);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("say");
    const call = client as unknown as { callTool: (params: object, ...rest: unknown[]) => Promise<{ content: unknown }> };
    expect(await call.callTool({ name: "say", arguments: { a: 1 } })).toMatchObject({ content: [{ type: "text", text: '{"a":1}' }] });
    await client.close();
    expect(world.faults).toEqual([]);
  });
});

describe("the endpoints of the first revision", () => {
  it("serve a session as long as its stream is open, to its owner alone", async ({ expect }) => {
    await using world = aWorld({ servers });
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    const thief = new RawClient(await world.serve(aSandbox("b")), "host.docker.internal");
    const stream = await client.open({ method: "GET", path: "/sse" });
    const events = eventsOf(stream);
    const { value: endpoint } = await events.next();
    const path = endpoint?.data ?? "";
    expect(path).toMatch(/^\/messages\?sessionId=[A-Za-z0-9_-]{43}$/);
    const initialize = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2024-11-05", capabilities: {} } });
    expect((await thief.ask({ path, body: initialize })).status).toBe(404);
    expect((await client.ask({ path, body: initialize })).status).toBe(202);
    expect((await nextMessage(events)).message).toMatchObject({ id: 1, result: { protocolVersion: "2024-11-05" } });
    stream.destroy();
    const until = performance.now() + 5000;
    let status = 202;
    while (status !== 404 && performance.now() < until) status = (await client.ask({ path, body: '{"jsonrpc":"2.0","id":2,"method":"ping"}' })).status;
    expect(status).toBe(404);
  });
});

describe("a stream of lines", () => {
  it("refuses what is no message and goes on", async ({ expect }) => {
    await using world = aWorld({ servers });
    await using client = await LineClient.connect(world, aSandbox());
    client.raw('not json\n[]\n{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}\n');
    expect((await client.ask("ping")).result).toEqual({});
    expect(client.told.map(({ error }) => (error as { code: number }).code)).toEqual([-32700, -32600, -32700]);
  });

  it("answers nothing before initialize, and initializes once", async ({ expect }) => {
    await using world = aWorld({ servers });
    await using client = new LineClient(world, aSandbox());
    expect((await client.ask("tools/list")).error.code).toBe(-32600);
    const params = { protocolVersion: "2031-01-01", capabilities: {} };
    expect((await client.ask("initialize", params)).result).toMatchObject({ protocolVersion: "2025-11-25", serverInfo: { name: "sbx-mcp-gateway" } });
    expect((await client.ask("initialize", params)).error.code).toBe(-32600);
    expect((await client.ask("server/discover")).error.code).toBe(-32601);
    expect((await client.ask("tasks/list")).error.code).toBe(-32601);
    expect(world.starts).toEqual([]);
  });

  it.for(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])("speaks revision %s with a client that asks for it", async (version, { expect }) => {
    await using world = aWorld({ servers });
    await using client = new LineClient(world, aSandbox());
    expect((await client.ask("initialize", { protocolVersion: version, capabilities: {} })).result.protocolVersion).toBe(version);
    expect(await client.text("say", {})).toBe("{}");
  });
});

describe("a client that says all at once and ends", () => {
  it("gets all its answers before the session ends", async ({ expect }) => {
    const begun = Promise.withResolvers<undefined>();
    const slow: Record<string, Handle> = { ...withTools("say"), "tools/call": async () => (await begun.promise, { content: [{ type: "text", text: "late" }] }) };
    await using world = aWorld({ servers: { ...servers, slow: () => ({ ...slow, "tools/list": () => ({ tools: [aTool("wait")] }) }) } });
    await using client = new LineClient(world, aSandbox());
    const answers = [
      client.ask("initialize", { protocolVersion: "2025-11-25", capabilities: {} }),
      client.ask("tools/list"),
      client.text("say", { one: 1 }),
      client.text("wait"),
      client.text("say", { two: 2 }),
    ];
    const finished = client.finish();
    await answers[4];
    begun.resolve(undefined);
    const [, list, one, wait, two] = await Promise.all(answers);
    expect([list.result.tools.length > 2, one, wait, two]).toEqual([true, '{"one":1}', "late", '{"two":2}']);
    await finished;
    expect(world.faults).toEqual([]);
  });

  it("is asked nothing more, so that no server waits for it", async ({ expect }) => {
    const nosy: Record<string, Handle> = {
      ...withTools("ask"),
      "tools/call": async (_params, server) => ({ content: [{ type: "text", text: JSON.stringify(await server.ask("elicitation/create", { mode: "form", message: "who?", requestedSchema: {} })) }] }),
    };
    await using world = aWorld({ servers: { nosy: () => nosy } });
    await using client = await LineClient.connect(world, aSandbox(), { capabilities: { elicitation: {} }, handlers: { "elicitation/create": () => undefined } });
    const answer = client.text("ask");
    await client.hears("elicitation/create");
    await client.finish();
    expect(await answer).toContain("error");
    expect(client.told.filter(({ method }) => method === "elicitation/create")).toHaveLength(1);
  });
});

describe("a client that does not read", () => {
  it("is cut off, and the gateway's memory stays", { timeout: 60_000 }, async ({ expect }) => {
    const flood: Record<string, Handle> = {
      ...withTools("talk"),
      "tools/call": (params, server) => {
        const { progressToken } = params["_meta"] as { progressToken: number };
        const message = "x".repeat(100_000);
        for (let progress = 1; progress <= 1000; progress += 1) server.notify("notifications/progress", { progressToken, progress, message });
        return { content: [] };
      },
    };
    await using world = aWorld({ servers: { flood: () => flood }, limits: { unreadBytes: 1_000_000, keptBytes: 1_000_000 } });
    const port = await world.serve(aSandbox());
    const client = new RawClient(port, "host.docker.internal");
    await client.initialize();
    await client.send({ jsonrpc: "2.0", id: 8, method: "tools/list" });
    const body = JSON.stringify({ jsonrpc: "2.0", id: 9, method: "tools/call", params: { name: "talk", _meta: { progressToken: 1 } } });
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.on("error", () => undefined);
    socket.write(
      `POST / HTTP/1.1\r\nhost: host.docker.internal\r\naccept: */*\r\ncontent-type: application/json\r\nmcp-session-id: ${client.session ?? ""}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await world.server("flood").sees("tools/call");
    await world.happened("tool.called");
    expect((await client.send({ jsonrpc: "2.0", id: 10, method: "ping" })).status).toBe(200);
    socket.resume();
    let received = 0;
    socket.on("data", (chunk: Buffer) => (received += chunk.length));
    await once(socket, "close");
    expect(received).toBeLessThan(50_000_000);
  });
});

describe("large answers", () => {
  const big: Record<string, Handle> = { ...withTools("big"), "tools/call": (params) => ({ content: [{ type: "text", text: "x".repeat((params["arguments"] as { n: number }).n) }] }) };

  it("that a client does not read are held up to a limit, which others do not feel and which comes back", { timeout: 60_000 }, async ({ expect }) => {
    await using world = aWorld({ servers: { big: () => big }, limits: { scopeAsideBytes: 50_000_000 } });
    const port = await world.serve(aSandbox());
    const greedy = new RawClient(port, "host.docker.internal");
    await greedy.initialize();
    const other = new RawClient(await world.serve(aSandbox("b")), "host.docker.internal");
    await other.initialize();
    const open = async (id: number) => await greedy.open({ body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "big", arguments: { n: 20_000_000 } } }) });
    const held = await Promise.allSettled([1, 2, 3, 4].map(open));
    // An answer that is too large to be held says no length.
    const large = held.filter((one) => one.status === "fulfilled" && one.value.headers["content-length"] === undefined);
    expect(large.length).toBeGreaterThan(0);
    expect(large.length).toBeLessThanOrEqual(2);
    expect((await other.call("big", { n: 20_000_000 })).json.result.content[0].text).toHaveLength(20_000_000);
    for (const one of held) if (one.status === "fulfilled") one.value.destroy();
    let answer = 0;
    const until = performance.now() + 10_000;
    while (answer !== 20_000_000 && performance.now() < until)
      answer = await greedy.call("big", { n: 20_000_000 }).then(
        ({ json }) => json?.result?.content?.[0]?.text?.length ?? 0,
        () => 0,
      );
    expect(answer).toBe(20_000_000);
  });
});

describe("/health", () => {
  it("is good while the gateway can serve, and bad when its state is broken or it has stopped", async ({ expect }) => {
    const world = aWorld({ servers });
    const { port } = await world.listen({ token: TOKEN });
    const client = new RawClient(port);
    expect(await client.ask({ method: "GET", path: "/health" })).toMatchObject({ status: 200, json: { status: "ok" } });
    await world.gateway[Symbol.asyncDispose]();
    expect((await client.ask({ method: "GET", path: "/health" })).status).toBe(503);
    await world[Symbol.asyncDispose]();
    const state = {
      servers: () => [],
      put: () => undefined,
      forget: () => undefined,
      profile: () => {
        throw new Error("disk is gone");
      },
      putProfile: () => undefined,
    };
    await using broken = aWorld({ servers, state });
    const answer = await new RawClient((await broken.listen()).port).ask({ method: "GET", path: "/health" });
    expect(answer).toMatchObject({ status: 503, json: { reason: "the state cannot be read" } });
  });
});

describe("startHttpGateway", () => {
  it.for(["0.0.0.0", "::", "192.168.1.1", "localhost", "127.0.0.1.evil.example"])("does not listen on %s", async (host, { expect }) => {
    await using world = aWorld({ servers });
    const { startHttpGateway } = await import("../src/index.ts");
    await expect(startHttpGateway({ gateway: world.gateway, host, port: 0, token: () => TOKEN })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
