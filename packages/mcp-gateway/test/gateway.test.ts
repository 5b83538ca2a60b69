import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, it } from "vitest";
import { withTools } from "./support/scripted-server.ts";
import { aWorld } from "./support/world.ts";

describe("gateway", () => {
  it("lets a client of the official library list and call the tools of a server", async ({ expect }) => {
    await using world = aWorld({ servers: { echo: () => withTools("say") } });
    const { url } = await world.listen();
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain("say");
    expect(await client.callTool({ name: "say", arguments: { a: 1 } })).toMatchObject({ content: [{ type: "text", text: 'say {"a":1}' }] });
    await client.close();
    expect(world.faults).toEqual([]);
    expect(world.events.map(({ type }) => type)).toContain("tool.called");
  });
});
