import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MockAgent } from "undici";
import { describe, it, onTestFinished } from "vitest";
import { createFetchText } from "../../../src/mcp/catalogs/fetch-text.ts";
import { createWebDispatcher, type WebDispatcher } from "../../../src/web/web-dispatcher.ts";

const PUBLIC = "93.184.216.34";
const { signal } = new AbortController();

/** Dispatchers whose names resolve so; released with the test. */
function ways(resolve: (name: string) => readonly string[], environment: Readonly<Record<string, string>> = {}): WebDispatcher {
  const scope = new AsyncDisposableStack();
  onTestFinished(async () => {
    await scope.disposeAsync();
  });
  return createWebDispatcher(environment, scope, { resolve: async (name) => await Promise.resolve(resolve(name)), own: () => ["93.184.216.99"] });
}

/** A site that a person named and that sends everybody to `location`; everything else is asked for as in life. */
function redirecting(location: string, dispatcherOf: WebDispatcher): { readonly asked: string[]; readonly dispatcherOf: WebDispatcher } {
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get("https://named.example.org")
    .intercept({ path: () => true, method: "GET" })
    .reply(302, "", { headers: { location } })
    .persist();
  const asked: string[] = [];
  return {
    asked,
    dispatcherOf: async (url, reach) => {
      const way = await dispatcherOf(url, reach);
      asked.push(url.host);
      return url.hostname === "named.example.org" ? agent : way;
    },
  };
}

/** A listener on loopback that counts who came. */
async function counting(): Promise<{ readonly port: number; readonly came: () => number }> {
  let count = 0;
  const server: Server = createServer();
  server.on("connection", (socket) => {
    count += 1;
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, came: () => count };
}

describe("an address that a person reads a catalog from", () => {
  it.for<readonly [string, readonly string[]]>([
    ["https://inside.example.org/c.yaml", ["10.0.0.5"]],
    ["https://inside.example.org/c.yaml", ["192.168.1.1"]],
    ["https://inside.example.org/c.yaml", [PUBLIC, "172.16.0.1"]],
    ["https://inside.example.org/c.yaml", ["169.254.169.254"]],
    ["https://inside.example.org/c.yaml", ["127.0.0.1"]],
    ["https://inside.example.org/c.yaml", ["::1"]],
    ["https://inside.example.org/c.yaml", ["fe80::1"]],
    ["https://inside.example.org/c.yaml", ["fd00::1"]],
    ["https://inside.example.org/c.yaml", ["::ffff:10.0.0.5"]],
    ["https://inside.example.org/c.yaml", ["93.184.216.99"]],
    ["https://10.0.0.5/c.yaml", []],
    ["https://169.254.169.254/latest/meta-data", []],
    ["https://0x0a.5/c.yaml", []],
    ["https://[fd00::1]/c.yaml", []],
    ["https://[::ffff:10.0.0.5]/c.yaml", []],
    ["https://100.100.100.200/", []],
  ])("is not followed to %s at %j", async ([location, addresses], { expect }) => {
    for (const environment of [{}, { https_proxy: "http://127.0.0.1:1" }]) {
      const { asked, dispatcherOf } = redirecting(
        location,
        ways(() => addresses, environment),
      );
      await expect(createFetchText(dispatcherOf)("https://named.example.org/c.yaml", signal)).rejects.toMatchObject({
        code: "REGISTRY_FAILED",
        message: expect.stringContaining("named.example.org sends there") as unknown,
      });
      expect(asked).toEqual(["named.example.org"]);
    }
  });

  it("is not followed to a name that leads elsewhere when it is connected to", async ({ expect }) => {
    const { port, came } = await counting();
    let asks = 0;
    const { asked, dispatcherOf } = redirecting(
      `https://rebinding.example.org:${port}/c.yaml`,
      ways(() => ((asks += 1) === 1 ? [PUBLIC] : ["127.0.0.1"])),
    );
    await expect(createFetchText(dispatcherOf)("https://named.example.org/c.yaml", signal)).rejects.toThrow("it is at 127.0.0.1, which is a loopback address");
    expect(asked).toEqual(["named.example.org", `rebinding.example.org:${port}`]);
    expect([asks, came()]).toEqual([2, 0]);
  });

  it("may be in a private network itself, and be sent on by it to another of its own", async ({ expect }) => {
    const way = ways(() => ["10.0.0.5"]);
    const { asked, dispatcherOf } = redirecting("https://named.example.org/c2.yaml", way);
    await expect(createFetchText(dispatcherOf)("https://named.example.org/c.yaml", signal)).rejects.toThrow("redirects");
    expect(new Set(asked)).toEqual(new Set(["named.example.org"]));
    await expect(way(new URL("https://10.0.0.5/c.yaml"))).resolves.toBeDefined();
  });

  it("is asked for at a public place that it sends to", async ({ expect }) => {
    const { port, came } = await counting();
    const way = ways(() => [PUBLIC], { https_proxy: `http://127.0.0.1:${port}` });
    const { asked, dispatcherOf } = redirecting("https://public.example.org/c.yaml", way);
    await expect(createFetchText(dispatcherOf)("https://named.example.org/c.yaml", signal)).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
    expect(asked).toEqual(["named.example.org", "public.example.org"]);
    // The way to it is the person's proxy, which here hangs up.
    expect(came()).toBe(1);
  });
});
