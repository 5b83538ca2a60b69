import { describe, it } from "vitest";
import { ServerEntry } from "@sbx/contracts";
import { createCodeModeEngine, type TokenCounter, type ToolInterceptor, type Verdict } from "../../src/index.ts";
import { LineClient } from "../support/line-client.ts";
import { aTool, withTools } from "../support/scripted-server.ts";
import { anEntry, aSandbox, aWorld } from "../support/world.ts";

const servers = { weather: () => withTools(aTool("forecast"), aTool("radar")) };
const host = { kind: "host", scope: "host" } as const;
const policy = (judge: () => Verdict, missing: readonly { name: string; fix: string }[] = []) => ({ judge, agree: () => undefined, missingSecrets: async () => await Promise.resolve(missing) });
const allow = () => ({ effect: "allow" }) as const;

describe("mcp-find", () => {
  it("gives what Docker's gives, and what an agent must know before it adds a server", async ({ expect }) => {
    const entry = ServerEntry.parse({
      ...anEntry("weather"),
      secrets: [{ name: "weather.key", env: "KEY" }],
      config: [{ name: "weather", type: "object", properties: { city: { type: "string" } } }],
      longLived: true,
      tools: [{ name: "forecast", tokens: 120 }],
    });
    await using world = aWorld({ entries: [entry], policy: policy(allow, [{ name: "weather.key", fix: "sbx secret set weather.key" }]) });
    await using client = await LineClient.connect(world, aSandbox());
    expect(JSON.parse(await client.text("mcp-find", { query: "weather" }))).toEqual({
      prompt: "weather",
      total_matches: 1,
      servers: [
        {
          name: "weather",
          description: "Server weather",
          required_secrets: ["weather.key"],
          missing_secrets: [{ name: "weather.key", fix: "sbx secret set weather.key" }],
          config_schema: entry.config,
          long_lived: true,
          tokens: 120,
        },
      ],
    });
  });

  it("says what is wrong with its arguments as a result that the model reads", async ({ expect }) => {
    await using world = aWorld();
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.call("mcp-find")).toEqual({ isError: true, content: [{ type: "text", text: "Error: query parameter is required" }] });
    expect(await client.call("mcp-find", { query: "x", limit: 0 })).toMatchObject({ isError: true });
    expect(await client.call("mcp-find", { query: ["x"] })).toMatchObject({ isError: true });
  });
});

/** Counts nothing by itself. */
const TOKENS: TokenCounter = {
  expect: () => undefined,
  count: async () => await Promise.reject(new Error("the table is gone")),
  measure: async () => await Promise.reject(new Error("the table is gone")),
  [Symbol.asyncDispose]: async () => {},
};

describe("the cost of tools", () => {
  it("is recorded of a server that is removed", async ({ expect }) => {
    await using world = aWorld({ servers, enabled: ["weather"], tokens: { ...TOKENS, count: async (tools) => await Promise.resolve(tools.map(() => 21)) } });
    await using client = await LineClient.connect(world, aSandbox());
    await client.ask("tools/list", {});
    await client.call("mcp-remove", { name: "weather" });
    expect(world.events.filter(({ type }) => type === "server.removed").map(({ fields }) => fields)).toEqual([{ server: "weather", tokensSaved: 42 }]);
  });

  it("keeps nobody from adding or removing when it cannot be counted", async ({ expect }) => {
    await using world = aWorld({ servers, enabled: [], tokens: TOKENS });
    await using client = await LineClient.connect(world, aSandbox());
    const added = await client.call("mcp-add", { name: "weather" });
    expect(JSON.stringify(added)).toContain("Successfully added 2 tools");
    expect(JSON.stringify(added)).not.toContain("tokens");
    expect(JSON.stringify(await client.call("mcp-remove", { name: "weather" }))).toContain("Successfully removed");
    expect(world.events.filter(({ type }) => type === "server.removed").map(({ fields }) => fields)).toEqual([{ server: "weather" }]);
    expect(world.faults.map(String)).toEqual(["Error: the table is gone", "Error: the table is gone"]);
  });
});

describe("mcp-add", () => {
  it("returns when the tools answer and the client was told of them, in Docker's words", async ({ expect }) => {
    await using world = aWorld({ servers, enabled: [], tokens: { ...TOKENS, count: async (tools) => await Promise.resolve(tools.map(() => 21)) } });
    await using client = await LineClient.connect(world, aSandbox());
    const { id, answer } = client.begin("tools/call", { name: "mcp-add", arguments: { name: "weather" } });
    await client.hears("notifications/tools/list_changed");
    const before = client.told.length;
    const text: string = (await answer).result.content[0].text;
    expect(id).toBeGreaterThan(0);
    expect(before).toBeGreaterThan(0);
    expect(text).toContain("Successfully added 2 tools in server 'weather'. Assume that it is fully configured and ready to use.\n\nNewly added tools:\n```json\n");
    expect(JSON.parse(/```json\n(.*)\n```/.exec(text)?.[1] ?? "")).toEqual({ tools: ["forecast", "radar"].map((name) => ({ name, description: `does ${name}`, inputSchema: { type: "object" } })) });
    expect(text).toContain("42 tokens");
    expect(await client.text("forecast")).toBe("forecast {}");
    expect(world.events).toContainEqual({ type: "server.added", sandbox: "sbx_aaaaaaaa", fields: { server: "weather", tools: 2, listed: true } });
  });

  it("leaves tools out of the list that shall not be activated, and mcp-exec calls them", async ({ expect }) => {
    await using world = aWorld({ servers, enabled: [] });
    await using client = await LineClient.connect(world, aSandbox());
    await client.call("mcp-add", { name: "weather", activate: false });
    expect(await client.toolNames()).not.toContain("forecast");
    expect(await client.text("mcp-exec", { name: "forecast", arguments: { city: "x" } })).toBe('forecast {"city":"x"}');
    expect(await client.text("mcp-exec", { name: "forecast", arguments: '{"city":"y"}' })).toBe('forecast {"city":"y"}');
    await client.call("mcp-add", { name: "weather" });
    expect(await client.toolNames()).toContain("forecast");
  });

  it("names the command for the person when a secret is missing, and starts nothing", async ({ expect }) => {
    await using world = aWorld({ servers, enabled: [], policy: policy(allow, [{ name: "weather.key", fix: "sbx secret set weather.key" }]) });
    await using client = await LineClient.connect(world, aSandbox());
    const answer = await client.call("mcp-add", { name: "weather" });
    expect(answer.isError).toBe(true);
    expect(answer.content[0].text).toContain("Error: Cannot add server 'weather'. Missing required secrets (weather.key).");
    expect(answer.content[0].text).toContain("sbx secret set weather.key");
    expect(world.starts).toEqual([]);
    expect(world.servers(aSandbox())).toEqual([]);
  });

  it("does not add what policy denies, whatever the client claims about its person", async ({ expect }) => {
    const deny = { effect: "deny", reason: "not here.", fix: "sbx mcp policy allow weather" } as const;
    const able = { capabilities: { elicitation: {} }, handlers: { "elicitation/create": () => ({ action: "accept", content: { agree: true } }) } };
    await using world = aWorld({ servers, enabled: [], policy: policy(() => deny) });
    await using client = await LineClient.connect(world, host, able);
    expect(await client.text("mcp-add", { name: "weather" })).toBe("Error: Server 'weather' is blocked by policy: not here.\nsbx mcp policy allow weather");
    expect(world.starts).toEqual([]);
    expect(world.events.map(({ type }) => type)).toContain("server.denied");
  });

  it("takes no agreement from inside a sandbox, where the agent itself could give it", async ({ expect }) => {
    const ask = { effect: "ask", reason: "it reaches the network.", fix: "sbx mcp policy allow weather" } as const;
    const able = { capabilities: { elicitation: {} }, handlers: { "elicitation/create": () => ({ action: "accept", content: { agree: true } }) } };
    await using world = aWorld({ servers, enabled: [], policy: policy(() => ask) });
    await using client = await LineClient.connect(world, aSandbox(), able);
    const text = await client.text("mcp-add", { name: "weather" });
    expect(text).toContain("sbx mcp policy allow weather");
    expect(client.told.some(({ method }) => method === "elicitation/create")).toBe(false);
    expect(world.starts).toEqual([]);
  });

  it.for([
    ["agrees", true, 1],
    ["does not", false, 0],
  ] as const)("asks the person of a client on the host, who %s", async ([, agree, starts], { expect }) => {
    let agreed = false;
    const asking = { ...policy(() => (agreed ? { effect: "allow" } : { effect: "ask", reason: "r.", fix: "f" })), agree: () => void (agreed = true) };
    await using world = aWorld({ servers, enabled: [], policy: asking });
    await using client = await LineClient.connect(world, host, { capabilities: { elicitation: {} }, handlers: { "elicitation/create": () => ({ action: "accept", content: { agree } }) } });
    expect((await client.call("mcp-add", { name: "weather" })).isError).toBe(agree ? undefined : true);
    expect(world.starts).toHaveLength(starts);
  });

  it("leaves the scope as it was when the server does not start", async ({ expect }) => {
    await using world = aWorld({ servers: { ...servers, broken: () => ({ initialize: () => ({}) }) }, enabled: ["weather"] });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.call("mcp-add", { name: "broken" })).toMatchObject({ isError: true });
    expect(world.servers(aSandbox()).map(({ name }) => name)).toEqual(["weather"]);
    expect(await client.text("mcp-add", { name: "nothing" })).toBe("Error: Server 'nothing' not found in catalog. Use mcp-find to search for available servers.");
  });
});

describe("mcp-remove", () => {
  it("takes the tools away and stops the server", async ({ expect }) => {
    await using world = aWorld({ servers });
    await using client = await LineClient.connect(world, aSandbox());
    await client.call("forecast");
    expect(await client.text("mcp-remove", { name: "weather" })).toBe("Successfully removed server 'weather'.");
    expect(await client.toolNames()).not.toContain("forecast");
    expect(world.server("weather").stopped).toBe(true);
    expect(await client.text("mcp-remove", { name: "weather" })).toBe("Successfully removed server 'weather'.");
    expect(await client.call("mcp-remove", { name: "nothing" })).toMatchObject({ isError: true });
  });
});

describe("mcp-config-set", () => {
  const entry = ServerEntry.parse({ ...anEntry("weather"), config: [{ name: "weather", type: "object", properties: { city: { type: "string" }, pin: { type: "string", format: "password" } } }] });

  it("starts the server anew with its settings, and shows none that could be a secret", async ({ expect }) => {
    await using world = aWorld({ servers, entries: [entry] });
    await using client = await LineClient.connect(world, aSandbox());
    await client.call("forecast");
    const text = await client.text("mcp-config-set", { server: "weather", config: { city: "Ulm", pin: "1234", nested: { api_key: "k-999" }, list: [{ token: "t-888" }] } });
    expect(text).toMatch(/^Successfully set config for server 'weather':/);
    expect(text).toContain("Ulm");
    expect(text).not.toMatch(/1234|k-999|t-888/);
    expect(world.starts.map(({ config }) => config["city"])).toEqual([undefined, "Ulm"]);
    expect(world.started("weather")[0]?.stopped).toBe(true);
    const again = await client.text("mcp-config-set", { server: "weather", config: { city: "Bonn" } });
    expect(again).toMatch(/^Successfully updated config for server 'weather':\n\nOld config:\n[^]*Ulm[^]*New config:\n[^]*Bonn/);
    expect(again).not.toMatch(/1234|k-999|t-888/);
  });

  it("refuses what breaks the schema, without the value, and changes nothing", async ({ expect }) => {
    const catalog = { find: () => entry, search: () => [], configProblems: () => [{ key: "city", kind: "invalid", message: "city must be a text" }] as const };
    await using world = aWorld({ servers, catalog });
    await using client = await LineClient.connect(world, aSandbox());
    const answer = await client.call("mcp-config-set", { server: "weather", config: { city: 5_551_234 } });
    expect(answer.isError).toBe(true);
    expect(answer.content[0].text).toContain("city must be a text");
    expect(answer.content[0].text).not.toContain("5551234");
    expect(world.servers(aSandbox())[0]?.config).toEqual({});
  });

  it("keeps settings for a server that is added later", async ({ expect }) => {
    await using world = aWorld({ servers, entries: [entry], enabled: [] });
    await using client = await LineClient.connect(world, aSandbox());
    await client.call("mcp-config-set", { server: "weather", config: { city: "Ulm" } });
    expect(world.starts).toEqual([]);
    await client.call("mcp-add", { name: "weather" });
    expect(world.starts[0]?.config).toEqual({ city: "Ulm" });
  });

  it("asks policy about the settings, and gives the server none that it denies", async ({ expect }) => {
    const judged = {
      ...policy(allow),
      judge: ({ config }: { config: Record<string, unknown> }): Verdict => (config["paths"] === undefined ? { effect: "allow" } : { effect: "deny", reason: "no paths.", fix: "f" }),
    };
    await using world = aWorld({ servers, policy: judged });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.text("mcp-config-set", { server: "weather", config: { paths: ["/root/.ssh"] } })).toContain("blocked by policy");
    expect(world.servers(aSandbox())[0]?.config).toEqual({});
  });
});

describe("mcp-exec", () => {
  it("shows interceptors and the record the inner tool, and never the arguments", async ({ expect }) => {
    const seen: unknown[] = [];
    const interceptor: ToolInterceptor = {
      around: async (call, { next, caller }) => {
        seen.push([call.server, call.name, call.arguments, caller.scope]);
        return await next({ ...call, server: "evil", name: "evil", arguments: { city: "changed" } });
      },
    };
    await using world = aWorld({ servers, interceptors: [interceptor] });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.text("mcp-exec", { name: "forecast", arguments: { city: "secret-city" } })).toBe('forecast {"city":"changed"}');
    expect(seen).toEqual([["weather", "forecast", { city: "secret-city" }, "sbx_aaaaaaaa"]]);
    const called = world.events.find(({ type }) => type === "tool.called");
    expect(called).toMatchObject({ sandbox: "sbx_aaaaaaaa", fields: { server: "weather", tool: "forecast", isError: false, via: "mcp-exec" } });
    expect(JSON.stringify(world.events)).not.toContain("secret-city");
  });

  it("says in Docker's words that a tool is not there, and runs none of the gateway's own", async ({ expect }) => {
    await using world = aWorld({ servers });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.call("mcp-exec", { name: "nothing" })).toEqual({
      isError: true,
      content: [{ type: "text", text: "Error: Tool 'nothing' not found in current session. Make sure the server providing this tool is added to the session." }],
    });
    expect(await client.call("mcp-exec", { name: "mcp-exec", arguments: { name: "mcp-exec" } })).toMatchObject({ isError: true });
    expect(await client.call("mcp-exec", { name: "forecast", arguments: "{" })).toMatchObject({ isError: true });
  });
});

describe("profiles", () => {
  it("keep the servers of a scope and give them to another", async ({ expect }) => {
    await using world = aWorld({ servers: { ...servers, other: () => withTools("else") }, enabled: ["weather"] });
    await using client = await LineClient.connect(world, aSandbox());
    await client.call("mcp-add", { name: "other" });
    expect(await client.text("mcp-create-profile", { name: "My tools" })).toMatch(
      /^Successfully created profile 'My tools' \(ID: My-tools\) with 2 servers:\n1\. weather \(example\/weather@sha256:0+\).*\n2\. other/,
    );
    expect(await client.text("mcp-create-profile", { name: "My tools" })).toMatch(/^Successfully updated profile/);
    await using fresh = await LineClient.connect(world, aSandbox("b"));
    expect(await fresh.text("mcp-activate-profile", { name: "My tools" })).toBe("Successfully activated profile 'My tools'");
    expect(await fresh.toolNames()).toContain("else");
    expect(await fresh.call("mcp-activate-profile", { name: "none" })).toEqual({ isError: true, content: [{ type: "text", text: "Error: Profile 'none' not found in project or database" }] });
  });
});

describe("code-mode", () => {
  it("makes a tool that calls the tools of its servers, and no others, by the way of all calls", { timeout: 60_000 }, async ({ expect }) => {
    await using engine = createCodeModeEngine();
    await using world = aWorld({ servers: { ...servers, other: () => withTools("hidden") }, enabled: ["other"], codeMode: engine });
    await using client = await LineClient.connect(world, aSandbox());
    expect(await client.text("code-mode", { servers: ["weather"], name: "w" })).toContain("code-mode-w");
    expect(await client.toolNames()).toContain("code-mode-w");
    expect(await client.toolNames()).not.toContain("forecast");
    const script = "return forecast({ city: 'Ulm' }) + '|' + typeof hidden";
    expect(await client.text("code-mode-w", { script })).toContain('forecast {"city":"Ulm"}|undefined');
    expect(await client.text("mcp-exec", { name: "code-mode-w", arguments: { script } })).toContain('forecast {"city":"Ulm"}|undefined');
    expect(world.events.filter(({ type }) => type === "tool.called").map(({ fields }) => [fields["server"], fields["tool"], fields["via"]])).toEqual([
      ["weather", "forecast", "code-mode"],
      ["weather", "forecast", "code-mode"],
    ]);
  });
});
