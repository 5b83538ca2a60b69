import { describe, it } from "vitest";
import type { McpParts } from "../../../src/mcp/mcp-parts.ts";
import { prepareServer } from "../../../src/mcp/servers/prepare-server.ts";
import { aPersonGateway } from "../support/person-gateway.ts";

const { signal } = new AbortController();

function setup(lacks: readonly string[] = []) {
  const person = aPersonGateway();
  person.store.enabled.enable(["one", "never"]);
  // Of all parts those that a preparation uses.
  const parts = { ...person, servers: { lacks: async () => await Promise.resolve([...lacks]) } } as unknown as McpParts;
  return { ...person, prepare: async (server: string) => await prepareServer(parts, { profile: "default", server }, signal) };
}

describe("preparing a server that a person enabled", () => {
  it("fetches it, tries it and ends it again", async ({ expect }) => {
    const { prepare, prepared, runner } = setup();
    expect(await prepare("one")).toEqual({ tools: 2, lacks: [] });
    expect(prepared).toEqual(["one"]);
    expect(runner.running()).toBe(0);
  });

  it("leaves to be read what it wrote, when it has ended", async ({ expect }) => {
    const { prepare, gateway } = setup();
    expect(gateway.logs("one")).toBe("");
    await prepare("one");
    expect(gateway.instances()).toEqual([]);
    expect(gateway.logs("one")).toContain("one is up");
  });

  it("says why one does not start", async ({ expect }) => {
    expect(await setup().prepare("never")).toEqual({ failed: expect.stringContaining("it never starts") as unknown, lacks: [] });
  });

  it("neither fetches nor starts one that lacks something, or is not enabled", async ({ expect }) => {
    const { prepare, prepared, runner } = setup(["a key"]);
    expect(await prepare("one")).toEqual({ lacks: ["a key"] });
    await expect(prepare("two")).rejects.toMatchObject({ code: "SERVER_UNKNOWN" });
    expect(prepared).toEqual([]);
    expect(runner.started).toEqual([]);
  });

  it("shows what is being fetched among what runs", async ({ expect }) => {
    const { gateway, preparing } = setup();
    preparing.push({ server: "one", since: 0, step: "fetching" });
    expect(gateway.instances()).toEqual([{ server: "one", scope: "this machine", startedAt: "1970-01-01T00:00:00.000Z", calls: 0, step: "fetching" }]);
  });
});
