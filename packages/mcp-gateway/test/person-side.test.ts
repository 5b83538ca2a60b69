import { describe, it } from "vitest";
import { RawClient } from "./support/http-client.ts";
import { withTools } from "./support/scripted-server.ts";
import { aSandbox, aWorld } from "./support/world.ts";

const names = (answer: { readonly json: { readonly result: { readonly tools: readonly { readonly name: string }[] } } }): readonly string[] => answer.json.result.tools.map(({ name }) => name);

describe("what a person decides of a gateway", () => {
  it("keeps management from agents where it is off: neither listed nor callable", async ({ expect }) => {
    await using world = aWorld({ servers: { echo: () => withTools("say") }, management: false });
    const client = new RawClient(await world.serve(aSandbox()), "mcp.sbx.internal");
    await client.initialize();
    expect(names(await client.send({ jsonrpc: "2.0", id: 1, method: "tools/list" }))).toEqual(["say"]);
    expect((await client.call("mcp-add", { name: "echo" })).json).toMatchObject({ error: { code: -32602 } });
    expect((await client.send({ jsonrpc: "2.0", id: 2, method: "prompts/list" })).json).toMatchObject({ result: { prompts: [] } });
  });

  it("offers chosen tools alone, and no way calls another", async ({ expect }) => {
    await using world = aWorld({ servers: { echo: () => withTools("say", "shout") }, offers: ({ server, tool }) => server === "echo" && tool === "say" });
    const client = new RawClient(await world.serve(aSandbox()), "mcp.sbx.internal");
    await client.initialize();
    expect(names(await client.send({ jsonrpc: "2.0", id: 1, method: "tools/list" }))).not.toContain("shout");
    expect((await client.call("shout")).json).toMatchObject({ error: { code: -32602 } });
    expect((await client.call("mcp-exec", { name: "shout", arguments: {} })).json).toMatchObject({ result: { isError: true } });
    expect(world.server("echo").seen.filter(({ method }) => method === "tools/call")).toEqual([]);
  });
});

describe("servers that run", () => {
  it("are told of with their calls and what they wrote, and start anew after a restart", async ({ expect }) => {
    await using world = aWorld({ servers: { echo: () => withTools("say") } });
    const client = new RawClient(await world.serve(aSandbox()), "mcp.sbx.internal");
    await client.initialize();
    expect(world.gateway.instances()).toEqual([]);
    await client.call("say");
    world.server("echo").stderr.write("a line of its own\n");
    await client.call("say");
    expect(world.gateway.instances()).toMatchObject([{ server: "echo", caller: aSandbox(), calls: 2 }]);
    expect(world.gateway.logs("echo")).toBe("a line of its own\n");
    expect(await world.gateway.restart("other")).toBe(0);
    expect(await world.gateway.restart("echo")).toBe(1);
    expect(world.gateway.instances()).toEqual([]);
    expect(world.gateway.logs("echo")).toBe("a line of its own\n");
    await client.call("say");
    expect(world.started("echo")).toHaveLength(2);
  });
});
