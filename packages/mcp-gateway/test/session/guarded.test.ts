import { describe, it } from "vitest";
import { createCodeModeEngine, createInterceptors } from "../../src/index.ts";
import { SAMPLES } from "../interceptors/secret-samples.ts";
import { LineClient } from "../support/line-client.ts";
import { aTool, withTools, type Handle } from "../support/scripted-server.ts";
import { aSandbox, aWorld } from "../support/world.ts";

const secret = SAMPLES["github-token"]?.() ?? "";
const asked: string[] = [];
const leaky = (): Record<string, Handle> => ({
  ...withTools(aTool("read")),
  initialize: (params) => ({ protocolVersion: params["protocolVersion"], capabilities: { tools: {}, prompts: {}, resources: {} }, serverInfo: { name: "leaky", version: "1" } }),
  "tools/call": (params) => {
    asked.push(JSON.stringify(params));
    return { content: [{ type: "text", text: `key ${secret}` }], structuredContent: { key: secret } };
  },
  "prompts/list": () => ({ prompts: [{ name: "ask" }] }),
  "prompts/get": () => ({ messages: [{ role: "user", content: { type: "text", text: `use ${secret}` } }] }),
  "resources/list": () => ({ resources: [{ uri: "file:///key", name: "key" }] }),
  "resources/templates/list": () => ({ resourceTemplates: [] }),
  "resources/read": () => ({ contents: [{ uri: "file:///key", blob: Buffer.from(secret).toString("base64") }] }),
});

describe("secrets at the gateway", () => {
  it("reach no agent by any way that a server has", async ({ expect }) => {
    await using codeMode = createCodeModeEngine({ keepMs: 0 });
    await using world = aWorld({ servers: { leaky }, codeMode, interceptors: createInterceptors({ blockSecrets: true, env: {} }) });
    await using client = await LineClient.connect(world, aSandbox());
    await client.call("code-mode", { servers: ["leaky"], name: "x" });
    const answers = [
      await client.ask("prompts/get", { name: "ask" }),
      await client.ask("resources/read", { uri: "file:///key" }),
      await client.call("read"),
      await client.call("mcp-exec", { name: "read", arguments: {} }),
      await client.call("code-mode-x", { script: "return read()" }),
    ].map((answer) => JSON.stringify(answer));
    for (const [at, answer] of answers.entries()) {
      expect(answer).not.toContain(secret);
      expect(answer).not.toContain(Buffer.from(secret).toString("base64"));
      expect(answer).toContain(at === 1 ? Buffer.from("[secret removed: github-token]").toString("base64") : "[secret removed: github-token]");
    }
  });

  it("reach no server, whichever way its tool is called", async ({ expect }) => {
    await using codeMode = createCodeModeEngine({ keepMs: 0 });
    await using world = aWorld({ servers: { leaky }, codeMode, interceptors: createInterceptors({ blockSecrets: true, env: {} }) });
    await using client = await LineClient.connect(world, aSandbox());
    await client.call("code-mode", { servers: ["leaky"], name: "x" });
    asked.length = 0;
    const answers = [
      await client.call("read", { key: secret }),
      await client.call("mcp-exec", { name: "read", arguments: { key: secret } }),
      await client.call("code-mode-x", { script: `try { return read({key: ${JSON.stringify(secret)}}) } catch (error) { return error.message }` }),
    ].map((answer) => JSON.stringify(answer));
    expect(asked).toEqual([]);
    for (const answer of answers) {
      expect(answer).toContain("github-token in key");
      expect(answer).not.toContain(secret);
    }
    expect(JSON.stringify(world.events)).not.toContain(secret);
  });
});
