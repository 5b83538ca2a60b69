import { connect, type Socket } from "node:net";
import { describe, it } from "vitest";
import { eventsOf, RawClient } from "../support/http-client.ts";
import { LineClient } from "../support/line-client.ts";
import { aTool, withTools, type Handle } from "../support/scripted-server.ts";
import { aSandbox, aWorld } from "../support/world.ts";
import { usedCapabilities } from "../../src/view/client-capabilities.ts";
import { MemoryListStore } from "../../src/view/memory-list-store.ts";
import type { ServerLists } from "../../src/index.ts";

/** A server whose one tool answers when it is told to. */
function slowServer(release: Promise<unknown>): Record<string, Handle> {
  return { ...withTools("wait"), "tools/call": async () => await release.then(() => ({ content: [] })) };
}

describe("what a client says of itself", () => {
  it("is kept as far as it is of use, whatever it says beside it", ({ expect }) => {
    const ballast = { filler: "x".repeat(1000), list: [[], [], {}] };
    const declared = {
      roots: { listChanged: true, ...ballast },
      elicitation: { form: ballast, url: {}, other: ballast },
      sampling: { tools: ballast, context: {} },
      experimental: ballast,
      "": ballast,
    };
    expect(usedCapabilities(declared)).toEqual({ roots: {}, elicitation: { form: {}, url: {} }, sampling: { tools: {} } });
    expect(usedCapabilities({ elicitation: {} })).toEqual({ elicitation: {} });
    expect(usedCapabilities(ballast)).toEqual({});
  });
});

describe("what a client asks", () => {
  const textOf = (length: number): object => ({ text: "x".repeat(length) });

  it("is held up to a limit while it is not answered, which another sandbox does not feel and which comes back", async ({ expect }) => {
    const release = Promise.withResolvers<undefined>();
    await using world = aWorld({ limits: { scopeBytes: 300_000 }, servers: { s: () => slowServer(release.promise) } });
    const client = new RawClient(await world.serve(aSandbox("a")), "host.docker.internal");
    const other = new RawClient(await world.serve(aSandbox("b")), "host.docker.internal");
    await client.initialize();
    await other.initialize();
    const held = [client.call("wait", textOf(100_000), 1), client.call("wait", textOf(100_000), 2)];
    await world.happened("server.started");
    await expect.poll(() => world.server("s").seen.filter(({ method }) => method === "tools/call").length).toBe(2);
    const refused = await client.call("wait", textOf(150_000), 3);
    expect([refused.status, refused.json?.error?.message ?? ""]).toEqual([refused.status === 503 ? 503 : 200, expect.stringContaining("Too much")]);
    const elsewhere = other.call("wait", textOf(100_000), 1);
    release.resolve(undefined);
    for (const answer of [...held, elsewhere]) expect((await answer).json.result).toEqual({ content: [] });
    expect((await client.call("wait", textOf(150_000), 4)).json.result).toEqual({ content: [] });
    expect(
      world
        .started("s")
        .flatMap(({ seen }) => seen)
        .filter(({ method }) => method === "tools/call"),
    ).toHaveLength(4);
  });

  it("counts as what it takes in memory, and not as its bytes alone", async ({ expect }) => {
    await using world = aWorld({ limits: { scopeBytes: 300_000 }, servers: { s: () => withTools("work") } });
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    const small = await client.call("work", { many: Array.from({ length: 30_000 }, () => []) });
    expect(small.json.error.message).toContain("Too much");
    expect((await client.call("work", textOf(90_000))).json.result.isError).toBeUndefined();
    expect(world.server("s").seen.filter(({ method }) => method === "tools/call")).toHaveLength(1);
  });

  it("is not taken in more at once than the limit, however many connections bring it", async ({ expect }) => {
    await using world = aWorld({ limits: { scopeBytes: 300_000 }, servers: { s: () => withTools("work") } });
    const port = await world.serve(aSandbox());
    const client = new RawClient(port, "host.docker.internal");
    await client.initialize();
    const sockets: Socket[] = [];
    let refused = 0;
    for (let at = 0; at < 8; at += 1) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => (refused += chunk.toString().startsWith("HTTP/1.1 503 ") ? 1 : 0));
      // The body is not whole.
      socket.write(`POST /mcp HTTP/1.1\r\nhost: host.docker.internal\r\naccept: */*\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n${" ".repeat(100_000)}`);
      sockets.push(socket);
    }
    await expect.poll(() => refused, { timeout: 10_000 }).toBeGreaterThanOrEqual(5);
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await client.call("work", textOf(250_000))).status, { timeout: 10_000 }).toBe(200);
    expect(world.faults).toEqual([]);
  });

  it("to be told of is not kept without end: a URI that is subscribed to has a length", async ({ expect }) => {
    const initialize: Handle = ({ protocolVersion }) => ({ protocolVersion, capabilities: { resources: { subscribe: true } }, serverInfo: { name: "s", version: "1" } });
    await using world = aWorld({
      servers: { s: () => ({ initialize, "resources/list": () => ({ resources: [] }), "resources/templates/list": () => ({ resourceTemplates: [] }), "resources/subscribe": () => ({}) }) },
    });
    await using client = await LineClient.connect(world, aSandbox());
    await client.ask("resources/list");
    for (const uri of [`sbx-mcp://s/x:${"y".repeat(5000)}`, `x:${"y".repeat(1 << 20)}`]) expect((await client.ask("resources/subscribe", { uri })).error.code).toBe(-32602);
    expect(world.server("s").seen.filter(({ method }) => method === "resources/subscribe")).toEqual([]);
    expect((await client.ask("resources/subscribe", { uri: "sbx-mcp://s/x:y" })).result).toEqual({});
  });
});

describe("what a server says", () => {
  it("to a client that has no stream open is kept up to a limit of bytes, and what came first of it is there", async ({ expect }) => {
    await using world = aWorld({ limits: { keptBytes: 10_000 }, servers: { s: () => withTools("work") } });
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    await client.call("work");
    for (let at = 0; at < 60; at += 1) world.server("s").notify("notifications/message", { level: "info", data: `${at} ${"x".repeat(2000)}` });
    // What came before it was heard.
    await client.call("work");
    const stream = await client.open({ method: "GET" });
    let heard = 0;
    for await (const { data } of eventsOf(stream)) {
      heard += data.length;
      if (data.includes("last")) break;
      if (data === "") world.server("s").notify("notifications/message", { level: "info", data: "last" });
    }
    expect(heard).toBeGreaterThan(2000);
    expect(heard).toBeLessThan(11_000);
  });

  it("is kept for all sessions of a sandbox together up to a limit, which comes back with their end", async ({ expect }) => {
    await using world = aWorld({ limits: { keptBytes: 10_000, scopeKeptBytes: 15_000 }, servers: { s: () => withTools("work") } });
    const port = await world.serve(aSandbox());
    const clients = Array.from({ length: 4 }, () => new RawClient(port, "host.docker.internal"));
    for (const client of clients) await client.initialize();
    await clients[0]?.call("work");
    const say = async (what: string): Promise<void> => {
      for (let at = 0; at < 8; at += 1) world.server("s").notify("notifications/message", { level: "info", data: what.padEnd(1000, "x") });
      // What came before it was heard.
      await clients[0]?.call("work");
    };
    await say("first");
    const heardBy = async (client: RawClient): Promise<number> => {
      const stream = await client.open({ method: "GET" });
      let bytes = 0;
      stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
      await client.send({ jsonrpc: "2.0", id: 5, method: "ping" });
      await new Promise((resolve) => setImmediate(resolve));
      stream.destroy();
      return bytes;
    };
    const heard = [];
    for (const client of clients) heard.push(await heardBy(client));
    expect(heard.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(20_000);
    for (const client of clients.slice(1)) await client.ask({ method: "DELETE" });
    const fresh = new RawClient(port, "host.docker.internal");
    await fresh.initialize();
    await say("second");
    expect(await heardBy(fresh)).toBeGreaterThan(3000);
  });

  it("of its progress is not multiplied by what its client calls it", async ({ expect }) => {
    await using world = aWorld({ servers: { s: () => withTools("work") } });
    await using client = await LineClient.connect(world, aSandbox());
    await client.toolNames();
    const { error } = await client.ask("tools/call", { name: "work", _meta: { progressToken: "t".repeat(100_000) } });
    expect(error.code).toBe(-32602);
    expect(world.server("s").seen.filter(({ method }) => method === "tools/call")).toEqual([]);
    expect((await client.ask("tools/call", { name: "work", _meta: { progressToken: "t".repeat(256) } })).result.content[0].text).toBe("work {}");
  });

  it("of itself is kept as far as it is of use", async ({ expect }) => {
    const kept: ServerLists[] = [];
    const lists = new MemoryListStore();
    const put = lists.put.bind(lists);
    lists.put = (key, said) => {
      kept.push(said);
      put(key, said);
    };
    const ballast = "x".repeat(100_000);
    const capabilities = { tools: { listChanged: true, [ballast]: 1, more: ballast }, experimental: { ballast }, logging: { ballast } };
    const initialize: Handle = ({ protocolVersion }) => ({ protocolVersion, capabilities, serverInfo: { name: ballast, version: "1" }, instructions: ballast });
    await using world = aWorld({ lists, servers: { s: () => ({ ...withTools("work"), initialize }) } });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toContain("work");
    expect(kept.map((one) => one.capabilities)).toEqual([{ tools: { listChanged: true }, logging: {} }]);
    expect(JSON.stringify(kept).length).toBeLessThan(20_000);
  });

  it("in a list counts as what it takes in memory", async ({ expect }) => {
    const many = aTool("many", { annotations: { a: Array.from({ length: 2000 }, () => []) } });
    await using world = aWorld({ limits: { listBytes: 20_000 }, servers: { s: () => ({ ...withTools(), "tools/list": () => ({ tools: [aTool("first"), many, aTool("last")] }) }) } });
    await using client = await LineClient.connect(world, aSandbox());
    const names = await client.toolNames();
    expect(names).toContain("first");
    expect(names).not.toContain("many");
  });
});
