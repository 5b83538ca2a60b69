import { describe, it } from "vitest";
import { ByteBudget } from "../../src/byte-budget.ts";
import { remoteTransport } from "../../src/upstream/remote-transport.ts";

/** A server that is asked by `fetch`, and answers each message when a test lets it. */
function aServer() {
  const arrived: string[] = [];
  const letGo = Promise.withResolvers<undefined>();
  const later = Promise.withResolvers<undefined>();
  const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    const { method } = JSON.parse(typeof init?.body === "string" ? init.body : '{"method":"(stream)"}') as { readonly method: string };
    arrived.push(method);
    if (method === "tools/list") later.resolve(undefined);
    if (method === "notifications/initialized") await letGo.promise;
    return new Response(undefined, { status: method === "(stream)" ? 405 : 202 });
  };
  return { arrived, fetch, letGo: () => letGo.resolve(undefined), listed: later.promise };
}

const LIMITS = { messageBytes: 1 << 20, linesPerSecond: 1000 };
const EVENTS = { onMessage: () => undefined, onRefused: () => undefined, onClosed: () => undefined };

describe("a remote server by streamable HTTP", () => {
  it("is asked for nothing before it took that we are ready", async ({ expect }) => {
    const server = aServer();
    await using transport = await remoteTransport(
      { kind: "streamable-http", url: "https://mcp.test/", fetch: server.fetch, events: EVENTS, limits: LIMITS, budget: new ByteBudget(1 << 20) },
      new AbortController().signal,
    );
    transport.send({ kind: "notification", method: "notifications/initialized" });
    transport.send({ kind: "request", id: 1, method: "tools/list" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.arrived).toEqual(["notifications/initialized"]);
    server.letGo();
    await server.listed;
    expect(server.arrived.filter((one) => one !== "(stream)")).toEqual(["notifications/initialized", "tools/list"]);
  });
});
