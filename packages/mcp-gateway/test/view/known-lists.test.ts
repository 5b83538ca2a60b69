import { describe, it } from "vitest";
import { createInterceptors, type ServerLists } from "../../src/index.ts";
import { MemoryListStore } from "../../src/view/memory-list-store.ts";
import { LineClient } from "../support/line-client.ts";
import { aTool, withTools, type Handle } from "../support/scripted-server.ts";
import { aSandbox, aWorld, anEntry, type WorldOptions } from "../support/world.ts";

const capabilities = { tools: { listChanged: true }, prompts: {}, resources: {} };
const initialize: Handle = ({ protocolVersion }) => ({ protocolVersion, capabilities, serverInfo: { name: "s", version: "1" } });
const HOST = { kind: "host", scope: "host" } as const;

/** A server with a tool, and a resource that says for whom it runs. */
function serverOf(tool: string, whose = ""): Record<string, Handle> {
  return { ...withTools(tool), initialize, "resources/list": () => ({ resources: [{ uri: `data:${whose}`, name: whose }] }) };
}

/** A gateway that was not there before, over the lists that were kept. */
function again(lists: MemoryListStore, server: () => Record<string, Handle>, more: Partial<WorldOptions> = {}) {
  return aWorld({ servers: { s: server }, lists, ...more });
}

const listsOf = (...tools: readonly string[]): ServerLists => ({ capabilities, tools: tools.map((tool) => aTool(tool)), prompts: [], resources: [], templates: [] });

/** Lists that say the same, whoever asks for whatever server. */
function lying(lists: ServerLists): MemoryListStore {
  return Object.assign(new MemoryListStore(), { get: () => lists });
}

describe("what servers offered before", () => {
  it("is listed without starting them, and they start when they are called", async ({ expect }) => {
    const lists = new MemoryListStore();
    {
      await using world = again(lists, () => serverOf("work"));
      await using client = await LineClient.connect(world, aSandbox());
      expect(await client.toolNames()).toContain("work");
    }
    await using world = again(lists, () => serverOf("work"));
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toContain("work");
    expect((await client.ask("resources/list")).result.resources).toHaveLength(1);
    expect(world.starts).toEqual([]);
    expect(await client.text("work")).toBe("work {}");
    expect(world.starts).toHaveLength(1);
  });

  it("is read anew once they run, and what has changed is told and kept", async ({ expect }) => {
    const lists = new MemoryListStore();
    {
      await using world = again(lists, () => serverOf("work"));
      await using client = await LineClient.connect(world, aSandbox());
      await client.toolNames();
    }
    const changed = (): Record<string, Handle> => ({ ...serverOf("work"), "tools/list": () => ({ tools: [aTool("work"), aTool("more")] }) });
    {
      await using world = again(lists, changed);
      await using client = await LineClient.connect(world, aSandbox());
      expect(await client.toolNames()).not.toContain("more");
      await client.text("work");
      await client.hears("notifications/tools/list_changed");
      expect(await client.toolNames()).toContain("more");
    }
    await using world = again(lists, changed);
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toContain("more");
    expect(world.starts).toEqual([]);
  });

  it("is never told to another sandbox", async ({ expect }) => {
    const lists = new MemoryListStore();
    await using world = again(lists, () => serverOf("work", "mine"));
    await using one = await LineClient.connect(world, aSandbox("a"));
    await one.toolNames();
    await using other = await LineClient.connect(world, aSandbox("b"));
    await other.toolNames();
    expect(world.starts.map(({ caller }) => caller.scope)).toEqual([aSandbox("a").scope, aSandbox("b").scope]);
  });

  it("is lent from the person to sandboxes, but for resources, which each server is asked for", async ({ expect }) => {
    const lists = new MemoryListStore();
    {
      await using world = again(lists, () => serverOf("work", "the person"));
      await using client = await LineClient.connect(world, HOST);
      await client.toolNames();
    }
    await using world = again(lists, () => serverOf("work", "the sandbox"));
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toContain("work");
    expect(world.starts).toEqual([]);
    expect(JSON.stringify(await client.ask("resources/list"))).not.toContain("the person");
    expect((await client.ask("resources/list")).result.resources).toMatchObject([{ name: "the sandbox" }]);
    expect(world.starts).toHaveLength(1);
  });

  it("counts for one version and one configuration of a server", async ({ expect }) => {
    const lists = new MemoryListStore();
    const listed = async (image: string, config: Record<string, string>) => {
      await using world = again(lists, () => serverOf("work"), {
        entries: [anEntry("s", { source: { kind: "image", image } })],
        state: { servers: () => [{ name: "s", config }], put: () => undefined, forget: () => undefined, profile: () => undefined, putProfile: () => undefined },
      });
      await using client = await LineClient.connect(world, aSandbox());
      await client.toolNames();
      return world.starts.length;
    };
    const image = (digit: string): string => `example/s@sha256:${digit.repeat(64)}`;
    expect([await listed(image("0"), {}), await listed(image("1"), {}), await listed(image("0"), { at: "x" }), await listed(image("0"), {})]).toEqual([1, 1, 1, 0]);
  });

  it("holds no secret that a guard knows, for the client or for the store", async ({ expect }) => {
    const secret = `ghp_${"a1B2".repeat(9)}`;
    const lists = new MemoryListStore();
    const leaky = (): Record<string, Handle> => ({ ...serverOf("work"), "tools/list": () => ({ tools: [aTool("work", { description: `has ${secret}` })] }) });
    const puts: unknown[] = [];
    const put = lists.put.bind(lists);
    lists.put = (key, said) => {
      puts.push(said);
      put(key, said);
    };
    await using world = again(lists, leaky, { interceptors: createInterceptors({ blockSecrets: true, env: {} }) });
    await using client = await LineClient.connect(world, aSandbox());
    expect(JSON.stringify(await client.ask("tools/list"))).not.toContain(secret);
    expect(JSON.stringify(puts)).toContain("secret removed");
    expect(JSON.stringify(puts)).not.toContain(secret);
  });
});

describe("lists that lie", () => {
  it("let nothing through that policy forbids: the server is not started", async ({ expect }) => {
    const verdict = { effect: "deny", reason: "a rule", fix: "sbx mcp server allow s" } as const;
    const policy = { judge: () => verdict, agree: () => undefined, missingSecrets: async () => await Promise.resolve([]) };
    await using world = again(lying(listsOf("work")), () => serverOf("work"), { policy });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.text("work")).toContain("may not run here: a rule");
    expect(await client.text("mcp-exec", { name: "work", arguments: {} })).toContain("may not run here: a rule");
    expect(world.starts).toEqual([]);
  });

  it("bring back no tool that the person took away", async ({ expect }) => {
    await using world = again(lying(listsOf("work", "hidden", "taken")), () => serverOf("work"), {
      offers: ({ tool }) => tool !== "hidden",
      state: { servers: () => [{ name: "s", config: {}, tools: ["work", "hidden"] }], put: () => undefined, forget: () => undefined, profile: () => undefined, putProfile: () => undefined },
    });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.toolNames()).toContain("work");
    for (const tool of ["hidden", "taken"]) {
      expect(await client.toolNames()).not.toContain(tool);
      expect((await client.call(tool)).error.code).toBe(-32602);
    }
    expect(world.starts).toEqual([]);
  });

  it("take the name of none of the gateway's own tools, and give no server that the catalog has not", async ({ expect }) => {
    await using world = again(lying(listsOf("mcp-add")), () => serverOf("work"), { entries: [] });
    await using client = await LineClient.connect(world, aSandbox());
    expect((await client.toolNames()).filter((name) => name === "mcp-add")).toHaveLength(1);
    expect(await client.text("mcp-add", { name: "s" })).toContain("not found in catalog");
    expect(world.starts).toEqual([]);
  });
});
