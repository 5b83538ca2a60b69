import { describe, it } from "vitest";
import { eventsOf, RawClient } from "../support/http-client.ts";
import { LineClient } from "../support/line-client.ts";
import { aTool, withTools } from "../support/scripted-server.ts";
import { anEntry, aSandbox, aWorld, type World } from "../support/world.ts";

const NAMES = ["one", "two", "three"] as const;
const CHANGED = "notifications/tools/list_changed";
const aWorldOfThree = (): World =>
  aWorld({
    servers: Object.fromEntries(NAMES.map((name) => [name, () => withTools(aTool(`tool-${name}`))])),
    entries: NAMES.map((name) => anEntry(name)),
    enabled: [],
    limits: { asksAgainMs: 60_000 },
  });

describe("a client that asks for the tools whenever it is told that they changed", () => {
  it("has those of each server before mcp-add answers, also of servers that were added at once", async ({ expect }) => {
    await using world = aWorldOfThree();
    const known = new Set<string>();
    const asks: Promise<void>[] = [];
    await using client: LineClient = await LineClient.connect(world, aSandbox(), {
      handlers: { [CHANGED]: () => void asks.push(client.toolNames().then((names) => names.forEach((name) => known.add(name)))) },
    });
    await Promise.all(["one", "two"].map(async (name) => await client.call("mcp-add", { name })));
    expect(known).toContain("tool-one");
    expect(known).toContain("tool-two");
    await client.call("mcp-add", { name: "three" });
    expect(known).toContain("tool-three");
    await Promise.all(asks);
  });

  it("has them although it could hear of no change when it added its first server", async ({ expect }) => {
    await using world = aWorldOfThree();
    const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
    await client.initialize();
    expect((await client.call("mcp-add", { name: "one" })).text).toContain("Successfully added");
    const stream = await client.open({ method: "GET" });
    const known = new Set<string>();
    const listening = (async (): Promise<void> => {
      let ids = 100;
      for await (const { data } of eventsOf(stream)) {
        if (!data.includes(CHANGED)) continue;
        ids += 1;
        const { json } = await client.send({ jsonrpc: "2.0", id: ids, method: "tools/list" });
        for (const { name } of json.result.tools) known.add(name);
      }
    })().catch(() => undefined);
    await client.call("mcp-add", { name: "two" }, 2);
    expect(known).toContain("tool-two");
    stream.destroy();
    await listening;
  });
});
