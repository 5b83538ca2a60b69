import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { ServerRunner, StartServer } from "../src/index.ts";
import { LineClient } from "./support/line-client.ts";
import { ScriptedServer, withTools, type Handle } from "./support/scripted-server.ts";
import { anEntry, aSandbox, aWorld } from "./support/world.ts";

/** A runner whose servers are installed when a test says so, and what is asked of it. */
function slowRunner(failure?: AppError) {
  const ready = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<undefined>();
  const steps: string[] = [];
  const starts: StartServer[] = [];
  const runner: ServerRunner = {
    async prepare({ entry }, { progress }) {
      steps.push(`prepare ${entry.name}`);
      progress("fetching 1 of 2");
      progress("fetching 2 of 2");
      asked.resolve(undefined);
      await ready.promise;
      if (failure !== undefined) throw failure;
    },
    async start(request) {
      steps.push(`start ${request.entry.name}`);
      starts.push(request);
      return await Promise.resolve(new ScriptedServer({ ...withTools("say"), "tools/call": saysProgress }).running);
    },
  };
  return { runner, steps, asked: asked.promise, go: () => ready.resolve(undefined) };
}

const saysProgress: Handle = (params, server) => {
  const { progressToken } = (params["_meta"] ?? {}) as { readonly progressToken?: string | number };
  if (progressToken !== undefined) server.notify("notifications/progress", { progressToken, progress: 0.5, total: 1 });
  return { content: [{ type: "text", text: "said" }] };
};

const SHORT = { listWaitMs: 50, startMs: 2000 };

describe("a server that has to be installed first", () => {
  it("keeps no list waiting for long, and no call from its answer: who calls a tool of it hears how it goes", async ({ expect }) => {
    const slow = slowRunner();
    await using world = aWorld({ servers: { slow: () => ({}) }, runner: slow.runner, limits: SHORT });
    await using client = await LineClient.connect(world, aSandbox());
    expect(JSON.stringify(await client.ask("tools/list"))).not.toContain('"say"');
    const call = client.ask("tools/call", { name: "say", arguments: {}, _meta: { progressToken: "p" } });
    await client.hears("notifications/progress", "slow: fetching 2 of 2");
    expect(world.gateway.instances()).toMatchObject([{ server: "slow", calls: 0, step: "fetching 2 of 2" }]);
    slow.go();
    expect(await call).toMatchObject({ result: { content: [{ type: "text" }] } });
    const told = () => client.told.filter(({ method }) => method === "notifications/progress").map(({ params }) => params as { readonly progress: number; readonly progressToken: string });
    expect(told().every(({ progressToken }) => progressToken === "p")).toBe(true);
    // What the server itself says goes on from where the steps of the gateway ended.
    expect(told().at(-1)).toMatchObject({ progress: told().length - 0.5, total: told().length });
    const numbers = told().map(({ progress }) => progress);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((one, other) => one - other));
    expect(slow.steps).toEqual(["prepare slow", "start slow"]);
    expect(world.gateway.instances()[0]).not.toHaveProperty("step");
  });

  it("is answered for by mcp-add when its tools answer, with progress for who wants it and none for who does not", async ({ expect }) => {
    const slow = slowRunner();
    await using world = aWorld({ servers: { slow: () => ({}) }, enabled: [], runner: slow.runner, limits: SHORT });
    await using client = await LineClient.connect(world, aSandbox());
    const added = client.ask("tools/call", { name: "mcp-add", arguments: { name: "slow" }, _meta: { progressToken: 7 } });
    await client.hears("notifications/progress", "fetching");
    slow.go();
    expect(JSON.stringify(await added)).toContain("Successfully added 1 tools in server 'slow'");
    await using quiet = await LineClient.connect(world, aSandbox("b"));
    expect(JSON.stringify(await quiet.ask("tools/call", { name: "mcp-add", arguments: { name: "slow" } }))).toContain("Successfully added");
    expect(quiet.told.filter(({ method }) => method === "notifications/progress")).toEqual([]);
  });

  it("is not fetched when policy does not let it run, and what its fetching fails with is what the model reads", async ({ expect }) => {
    const denied = slowRunner();
    await using closed = aWorld({
      servers: { slow: () => ({}) },
      runner: denied.runner,
      policy: { judge: () => ({ effect: "deny", reason: "not here", fix: "none" }), agree: () => undefined, missingSecrets: async () => await Promise.resolve([]) },
      limits: SHORT,
    });
    await using refused = await LineClient.connect(closed, aSandbox());
    expect(await refused.ask("tools/call", { name: "say", arguments: {} })).toMatchObject({ error: { code: -32602 } });
    expect(denied.steps).toEqual([]);

    const broken = slowRunner(new AppError("SERVER_FAILED", { message: "The registry does not have it", fix: "Use another version." }));
    await using world = aWorld({ servers: { slow: () => ({}) }, enabled: [], runner: broken.runner, limits: SHORT });
    await using client = await LineClient.connect(world, aSandbox());
    broken.go();
    const answer = await client.ask("tools/call", { name: "mcp-add", arguments: { name: "slow" } });
    expect(answer).toMatchObject({ result: { isError: true } });
    expect(JSON.stringify(answer)).toContain("The registry does not have it");
    expect(world.servers(aSandbox())).toEqual([]);
  });

  it("keeps nobody waiting who calls a tool that it does not have, as far as a catalog says so", async ({ expect }) => {
    const slow = slowRunner();
    const entry = anEntry("slow", { tools: [{ name: "say" }] });
    await using world = aWorld({ servers: { slow: () => ({}) }, entries: [entry], runner: slow.runner, limits: SHORT });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.ask("tools/call", { name: "nobody-has-it", arguments: {} })).toMatchObject({ error: { code: -32602 } });
    slow.go();
  });
});
