import { describe, it } from "vitest";
import { LineClient } from "../support/line-client.ts";
import { aTool, withTools, type Handle } from "../support/scripted-server.ts";
import { anEntry, aSandbox, aWorld } from "../support/world.ts";

const CAPABILITIES = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {}, completions: {} };
const all = (more: Record<string, Handle>): Record<string, Handle> => ({
  initialize: (params) => ({ protocolVersion: params["protocolVersion"], capabilities: CAPABILITIES, serverInfo: { name: "all", version: "1" } }),
  ...withTools("work"),
  "prompts/list": () => ({ prompts: [] }),
  "resources/list": () => ({ resources: [] }),
  "resources/templates/list": () => ({ resourceTemplates: [] }),
  "logging/setLevel": () => ({}),
  ...more,
});

describe("what the gateway does not know", () => {
  it("passes in definitions, arguments and results", async ({ expect }) => {
    const definition = aTool("work", {
      title: "Work",
      icons: [{ src: "data:,x", future: 1 }],
      annotations: { readOnlyHint: true, futureHint: "x" },
      outputSchema: { type: "object", "x-new": [] },
      execution: { taskSupport: "required", other: true },
      _meta: { "example.org/a": { b: 1 } },
      future: { deep: [1, null, { x: "y" }] },
    });
    const result = {
      content: [
        { type: "new-kind", data: 1 },
        { type: "text", text: "x", annotations: { audience: ["user"], new: 1 } },
      ],
      structuredContent: { a: [1] },
      _meta: { r: 1 },
      future: true,
    };
    await using world = aWorld({ servers: { s: () => all({ "tools/list": () => ({ tools: [definition] }), "tools/call": () => result }) } });
    await using client = await LineClient.connect(world, aSandbox());
    const { tools } = (await client.ask("tools/list")).result;
    const { execution: _, _meta, ...same } = definition;
    expect(tools.find(({ name }: { name: string }) => name === "work")).toEqual({ ...same, execution: { other: true }, _meta: { "example.org/a": { b: 1 }, "dev.sbx/server": "s" } });
    expect((await client.ask("tools/call", { name: "work", arguments: { deep: { ü: [1, { a: null }] } }, _meta: { trace: "t" } })).result).toEqual(result);
    expect(await world.server("s").sees("tools/call")).toMatchObject({ params: { arguments: { deep: { ü: [1, { a: null }] } }, _meta: { trace: "t" } } });
  });

  it("passes in errors, with their code and data", async ({ expect }) => {
    const error = { code: -32042, message: "visit first", data: { elicitations: [{ mode: "url", url: "https://example.org" }] } };
    await using world = aWorld({
      servers: {
        s: () =>
          all({
            "tools/call": () => {
              // oxlint-disable-next-line typescript/only-throw-error -- what the scripted server answers with
              throw error;
            },
          }),
      },
    });
    await using client = await LineClient.connect(world, aSandbox());
    expect((await client.call("work")).error).toEqual(error);
  });
});

describe("lists", () => {
  it("are read to their last page", async ({ expect }) => {
    const page: Handle = ({ cursor = "0" }) => ({ tools: [aTool(`t${String(cursor)}`)], ...(Number(cursor) < 3 ? { nextCursor: String(Number(cursor) + 1) } : {}) });
    await using world = aWorld({ servers: { s: () => all({ "tools/list": page }) } });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toEqual(expect.arrayContaining(["t0", "t1", "t2", "t3"]));
  });

  it("are told to have changed, once for many changes, when a server says so", async ({ expect }) => {
    let tools = [aTool("old")];
    await using world = aWorld({ servers: { s: () => all({ "tools/list": () => ({ tools }) }) } });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toContain("old");
    await client.hears("notifications/tools/list_changed");
    client.told.length = 0;
    tools = [aTool("new")];
    for (let at = 0; at < 50; at += 1) world.server("s").notify("notifications/tools/list_changed");
    await client.hears("notifications/tools/list_changed");
    expect(await client.toolNames()).toContain("new");
    expect(await client.toolNames()).not.toContain("old");
    expect(client.told.filter(({ method }) => method === "notifications/tools/list_changed")).toHaveLength(1);
  });

  it("have what two servers name alike under two names, and each call reaches its own", async ({ expect }) => {
    const named = (who: string) => () =>
      all({
        ...withTools("search"),
        "tools/call": () => ({ content: [{ type: "text", text: who }] }),
        "prompts/list": () => ({ prompts: [{ name: "ask" }] }),
        "prompts/get": () => ({ messages: [], description: who }),
      });
    await using world = aWorld({ servers: { one: named("one"), two: named("two"), three: named("three") }, entries: [anEntry("one"), anEntry("two"), anEntry("three", { prefix: "iii" })] });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toEqual(expect.arrayContaining(["search", "two__search", "iii__search"]));
    expect([await client.text("search"), await client.text("two__search"), await client.text("iii__search")]).toEqual(["one", "two", "three"]);
    expect((await client.ask("prompts/get", { name: "two__ask" })).result.description).toBe("two");
    await client.call("mcp-remove", { name: "one" });
    expect(await client.toolNames()).toEqual(expect.arrayContaining(["two__search"]));
    expect(await client.toolNames()).not.toContain("search");
    expect((await client.call("search")).error.code).toBe(-32602);
    await client.call("mcp-add", { name: "one" });
    expect(await client.text("search")).toBe("one");
  });
});

describe("progress and cancellation", () => {
  it("reach the other side under its own tokens and ids", async ({ expect }) => {
    const begun = Promise.withResolvers<undefined>();
    await using world = aWorld({
      servers: {
        s: () =>
          all({
            "tools/call": (params, server) => {
              const { progressToken } = params["_meta"] as { progressToken: number };
              for (const progress of [1, 1, 0.5, 2]) server.notify("notifications/progress", { progressToken, progress, message: "m" });
              begun.resolve(undefined);
              return undefined;
            },
          }),
      },
    });
    await using client = await LineClient.connect(world, aSandbox());
    await client.toolNames();
    const { id, answer } = client.begin("tools/call", { name: "work", _meta: { progressToken: "mine" } });
    await begun.promise;
    const called = await world.server("s").sees("tools/call");
    expect(called["id"]).not.toBe(id);
    client.notify("notifications/cancelled", { requestId: id, reason: "enough" });
    expect(await world.server("s").sees("notifications/cancelled")).toMatchObject({ params: { requestId: called["id"] } });
    world.server("s").say({ id: called["id"], result: { content: [] } });
    await client.ask("ping");
    expect(client.told.filter(({ method }) => method === "notifications/progress").map(({ params }) => params)).toEqual([
      { progressToken: "mine", progress: 1, message: "m" },
      { progressToken: "mine", progress: 2, message: "m" },
    ]);
    expect(await Promise.race([answer, Promise.resolve("unanswered")])).toBe("unanswered");
  });

  it("end a call that takes too long, also one that shows progress for ever, and the server is told", async ({ expect }) => {
    await using world = aWorld({
      limits: { callMs: 200, callMaxMs: 500 },
      servers: {
        s: () =>
          all({
            ...withTools("hang", "pretend"),
            "tools/call": (params, server) => {
              if (params["name"] === "hang") return undefined;
              const { progressToken } = params["_meta"] as { progressToken: number };
              let progress = 0;
              const timer = setInterval(() => {
                server.notify("notifications/progress", { progressToken, progress: (progress += 1) });
              }, 20);
              void server.sees("notifications/cancelled").then(() => {
                clearInterval(timer);
              });
              return undefined;
            },
          }),
      },
    });
    await using client = await LineClient.connect(world, aSandbox());
    const hung = await client.call("hang");
    expect(hung).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("No answer within") }] });
    world.server("s").seen.length = 0;
    const began = performance.now();
    expect((await client.ask("tools/call", { name: "pretend", _meta: { progressToken: 1 } })).result.isError).toBe(true);
    expect(performance.now() - began).toBeGreaterThan(450);
    await world.server("s").sees("notifications/cancelled");
  });
});

describe("a question of a server", () => {
  const asks: Record<string, Handle> = {
    "tools/call": async (_params, server) => {
      const answer = await server.ask("elicitation/create", { message: "Which?", requestedSchema: { type: "object", properties: {} } });
      return { content: [{ type: "text", text: JSON.stringify(answer["result"] ?? answer["error"]) }] };
    },
  };
  const able = { capabilities: { elicitation: {} }, handlers: { "elicitation/create": () => ({ action: "accept", content: { a: 1 } }) } };

  it("reaches the session whose call caused it, and says whose question it is", async ({ expect }) => {
    await using world = aWorld({ servers: { s: () => all(asks) } });
    await using client = await LineClient.connect(world, aSandbox(), able);
    await using other = await LineClient.connect(world, aSandbox(), able);
    expect(JSON.parse(await client.text("work"))).toEqual({ action: "accept", content: { a: 1 } });
    expect(await client.hears("elicitation/create")).toMatchObject({ params: { message: "[s] Which?" } });
    await other.ask("ping");
    expect(other.told.filter(({ method }) => method === "elicitation/create")).toEqual([]);
  });

  it("is refused when the client did not say that it can answer, even if another session can", async ({ expect }) => {
    await using world = aWorld({ servers: { s: () => all(asks) } });
    await using other = await LineClient.connect(world, aSandbox(), able);
    await using client = await LineClient.connect(world, aSandbox());
    expect(JSON.parse(await client.text("work"))).toMatchObject({ code: -32601 });
    expect(other.told.filter(({ method }) => method === "elicitation/create")).toEqual([]);
  });

  it("of mode url is refused when the client takes forms only", async ({ expect }) => {
    const url: Record<string, Handle> = {
      "tools/call": async (_params, server) => {
        const answer = await server.ask("elicitation/create", { mode: "url", url: "https://example.org", elicitationId: "1", message: "Visit" });
        return { content: [{ type: "text", text: JSON.stringify(answer["error"]) }] };
      },
    };
    await using world = aWorld({ servers: { s: () => all(url) } });
    await using client = await LineClient.connect(world, aSandbox(), able);
    expect(JSON.parse(await client.text("work"))).toMatchObject({ code: -32602 });
    expect(client.told.filter(({ method }) => method === "elicitation/create")).toEqual([]);
  });

  it("that belongs to no call, or to calls of two sessions, reaches nobody", async ({ expect }) => {
    const release = Promise.withResolvers<undefined>();
    await using world = aWorld({ servers: { s: () => all({ "tools/call": async () => await release.promise.then(() => ({ content: [] })) }) } });
    await using one = await LineClient.connect(world, aSandbox(), able);
    await using two = await LineClient.connect(world, aSandbox(), able);
    await one.toolNames();
    const server = world.server("s");
    expect(await server.ask("elicitation/create", { message: "x", requestedSchema: {} })).toMatchObject({ error: { code: -32600 } });
    const calls = [one.call("work"), two.call("work")];
    await server.sees("tools/call");
    await two.ask("ping");
    expect(await server.ask("elicitation/create", { message: "x", requestedSchema: {} })).toMatchObject({ error: { code: -32600 } });
    release.resolve(undefined);
    await Promise.all(calls);
    expect([...one.told, ...two.told].filter(({ method }) => method === "elicitation/create")).toEqual([]);
  });

  it("for the client's model is refused unless the gateway forwards such questions", async ({ expect }) => {
    const sampling = { capabilities: { sampling: {} }, handlers: { "sampling/createMessage": () => ({ role: "assistant", content: { type: "text", text: "hi" }, model: "m" }) } };
    const samples: Record<string, Handle> = {
      "tools/call": async (_params, server) => {
        const answer = await server.ask("sampling/createMessage", { messages: [], maxTokens: 1 });
        return { content: [{ type: "text", text: JSON.stringify(answer["result"] ?? answer["error"]) }] };
      },
    };
    await using refusing = aWorld({ servers: { s: () => all(samples) } });
    await using client = await LineClient.connect(refusing, aSandbox(), sampling);
    expect(JSON.parse(await client.text("work"))).toMatchObject({ code: -32600 });
    expect(client.told).not.toContainEqual(expect.objectContaining({ method: "sampling/createMessage" }));
    expect(await refusing.server("s").sees("initialize")).toMatchObject({ params: { capabilities: {} } });
    await using forwarding = aWorld({ servers: { s: () => all(samples) }, sampling: "forward" });
    await using served = await LineClient.connect(forwarding, aSandbox(), sampling);
    expect(JSON.parse(await served.text("work"))).toMatchObject({ model: "m" });
  });

  it("for roots is answered with none, unless its runner says where it sees them", async ({ expect }) => {
    await using world = aWorld({ servers: { s: () => all({}) } });
    await using client = await LineClient.connect(world, aSandbox(), { capabilities: { roots: {} }, handlers: { "roots/list": () => ({ roots: [{ uri: "file:///home/me" }] }) } });
    await client.toolNames();
    expect(await world.server("s").ask("roots/list")).toMatchObject({ result: { roots: [] } });
    expect(client.told).not.toContainEqual(expect.objectContaining({ method: "roots/list" }));
  });
});

describe("logging and subscriptions", () => {
  it("tell each session from the level on that it asked for", async ({ expect }) => {
    await using world = aWorld({ servers: { s: () => all({}) } });
    await using loud = await LineClient.connect(world, aSandbox());
    await using quiet = await LineClient.connect(world, aSandbox());
    await loud.toolNames();
    await loud.ask("logging/setLevel", { level: "debug" });
    await quiet.ask("logging/setLevel", { level: "error" });
    expect((await quiet.ask("logging/setLevel", { level: "loud" })).error.code).toBe(-32602);
    world.server("s").notify("notifications/message", { level: "info", data: { x: 1 }, extra: 1 });
    world.server("s").notify("notifications/message", { level: "critical", data: "bad", logger: "db" });
    expect(await quiet.hears("notifications/message")).toMatchObject({ params: { level: "critical", data: "bad", logger: "s: db" } });
    expect(loud.told.filter(({ method }) => method === "notifications/message").map(({ params }) => params)).toEqual([
      { level: "info", data: { x: 1 }, logger: "s", extra: 1 },
      { level: "critical", data: "bad", logger: "s: db" },
    ]);
    expect(
      world
        .server("s")
        .seen.filter(({ method }) => method === "logging/setLevel")
        .map(({ params }) => params),
    ).toEqual([{ level: "debug" }, { level: "debug" }]);
  });

  it("subscribe once for all sessions, and unsubscribe with the last", async ({ expect }) => {
    const resources = { "resources/list": () => ({ resources: [{ uri: "x://a", name: "a" }] }), "resources/subscribe": () => ({}), "resources/unsubscribe": () => ({}) };
    await using world = aWorld({ servers: { s: () => all(resources), other: () => all(resources) } });
    const one = await LineClient.connect(world, aSandbox());
    await using two = await LineClient.connect(world, aSandbox());
    expect((await one.ask("resources/list")).result.resources.map(({ uri }: { uri: string }) => uri)).toEqual(["x://a", "sbx-mcp://other/x://a"]);
    await one.ask("resources/subscribe", { uri: "sbx-mcp://other/x://a" });
    await two.ask("resources/subscribe", { uri: "sbx-mcp://other/x://a" });
    const server = world.server("other");
    const count = (method: string) => server.seen.filter((message) => message["method"] === method).length;
    expect(count("resources/subscribe")).toBe(1);
    server.notify("notifications/resources/updated", { uri: "x://a" });
    expect(await two.hears("notifications/resources/updated")).toMatchObject({ params: { uri: "sbx-mcp://other/x://a" } });
    await one[Symbol.asyncDispose]();
    expect(count("resources/unsubscribe")).toBe(0);
    await two.ask("resources/unsubscribe", { uri: "sbx-mcp://other/x://a" });
    await server.sees("resources/unsubscribe");
    expect(world.server("s").seen.filter(({ method }) => method === "resources/subscribe")).toEqual([]);
    expect((await two.ask("resources/subscribe", { uri: "sbx-mcp://nobody/x://a" })).error.code).toBe(-32002);
  });
});

describe("a scope", () => {
  it("that is closed stops its servers and ends its sessions, and those of others go on", async ({ expect }) => {
    await using world = aWorld({ servers: { s: () => all({}) } });
    await using mine = await LineClient.connect(world, aSandbox("a"));
    await using other = await LineClient.connect(world, aSandbox("b"));
    await Promise.all([mine.call("work"), other.call("work")]);
    await world.gateway.closeScope("sbx_aaaaaaaa");
    expect(world.started("s").map(({ stopped }) => stopped)).toEqual([true, false]);
    expect(await other.text("work")).toBe("work {}");
    await using again = await LineClient.connect(world, aSandbox("a"));
    expect(await again.text("work")).toBe("work {}");
  });

  it("of a client on the host is forgotten with its session", async ({ expect }) => {
    await using world = aWorld({ servers: { s: () => all({}) }, enabled: [] });
    const client = await LineClient.connect(world, { kind: "host", scope: "host" });
    await client.call("mcp-add", { name: "s" });
    const [start] = world.starts;
    expect(start?.caller.scope).toMatch(/^host\/[0-9a-f-]{36}$/);
    await client[Symbol.asyncDispose]();
    await world.happened("server.ended");
    expect(start === undefined ? undefined : world.servers(start.caller)).toEqual([]);
    expect(world.server("s").stopped).toBe(true);
  });
});
