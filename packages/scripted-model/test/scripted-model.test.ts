import { request as httpRequest } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, it } from "vitest";
import { EXPLANATION, startScriptedModel, type ScriptedRequest } from "../src/index.ts";

const PROMPT = "Do this:\n```sh\necho hi > made.txt\ncat made.txt\n```\nThanks.";
const COMMAND = "echo hi > made.txt\ncat made.txt";
const object = (...keys: readonly string[]): object => ({ type: "object", properties: Object.fromEntries(keys.map((key) => [key, { type: "string" }])) });

async function post(url: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<{ readonly status: number; readonly type: string | null; readonly text: string }> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
  });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

/** The data of each event of a stream. */
function events(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
}

describe("the scripted model", () => {
  it("speaks Anthropic's Messages", async ({ expect }) => {
    await using model = await startScriptedModel();
    const ask = {
      model: "claude-x",
      stream: true,
      tools: [
        { name: "Read", input_schema: object("path") },
        { name: "Bash", input_schema: object("command", "description") },
      ],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "<system-reminder>```sh\nrm -rf /\n```</system-reminder>" },
            { type: "text", text: PROMPT },
          ],
        },
      ],
    };
    const call = await post(model.url, "/v1/messages?beta=true", ask);
    expect(call.type).toBe("text/event-stream");
    expect(events(call.text).map(({ type }) => type)).toEqual(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"]);
    expect(events(call.text)[1]).toMatchObject({ content_block: { type: "tool_use", name: "Bash", input: {} } });
    const [, , delta] = events(call.text) as { delta?: { partial_json: string } }[];
    expect(JSON.parse(delta?.delta?.partial_json ?? "")).toEqual({ command: COMMAND, description: "Run the command that was asked for" });
    const done = {
      ...ask,
      stream: false,
      messages: [
        ...ask.messages,
        { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "Bash", input: {} }] },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "line 1\nline 2" }] },
            { type: "text", text: "<system-reminder>note</system-reminder>" },
          ],
        },
      ],
    };
    expect(JSON.parse((await post(model.url, "/v1/messages", done)).text)).toMatchObject({
      type: "message",
      stop_reason: "end_turn",
      content: [{ type: "text", text: "The command ran. It printed:\n\nline 1\nline 2" }],
      usage: { input_tokens: expect.any(Number), output_tokens: 11 },
    });
    const again = { ...done, messages: [...done.messages, { role: "assistant", content: "ok" }, { role: "user", content: "```sh date ```" }] };
    expect(JSON.parse((await post(model.url, "/v1/messages", again)).text)).toMatchObject({ stop_reason: "tool_use", content: [{ input: { command: "date" } }] });
  });

  it("speaks OpenAI's Responses, with functions and with programs", async ({ expect }) => {
    await using model = await startScriptedModel();
    const input = [
      { type: "message", role: "user", content: [{ type: "input_text", text: "<environment_context>```sh\nfalse\n```</environment_context>" }] },
      { type: "message", role: "user", content: [{ type: "input_text", text: `${PROMPT} function_call_output` }] },
    ];
    const functions = await post(model.url, "/v1/responses", { model: "g", stream: true, input, tools: [{ type: "function", name: "exec_command", parameters: object("cmd") }] });
    const last = events(functions.text).at(-1) as { type: string; response: { output: Record<string, unknown>[]; usage: Record<string, unknown> } };
    expect(last.type).toBe("response.completed");
    expect(last.response.output).toEqual([expect.objectContaining({ type: "function_call", name: "exec_command", arguments: JSON.stringify({ cmd: COMMAND }) })]);
    expect(last.response.usage["output_tokens"]).toBeGreaterThan(0);
    const additional = { type: "additional_tools", tools: [{ type: "namespace", name: "functions", tools: [{ type: "custom", name: "exec" }, { name: "wait" }] }] };
    const custom = await post(model.url, "/v1/responses", { model: "g", stream: false, input: [additional, ...input] });
    expect(JSON.parse(custom.text)).toMatchObject({
      output: [{ type: "custom_tool_call", name: "exec", input: `const result = await tools.exec_command({cmd: ${JSON.stringify(COMMAND)}}); text(result.output ?? result)` }],
    });
    const done = await post(model.url, "/v1/responses", {
      model: "g",
      stream: true,
      input: [additional, ...input, { type: "custom_tool_call", call_id: "c" }, { type: "custom_tool_call_output", call_id: "c", output: "hi" }],
    });
    expect(events(done.text).map(({ type }) => type)).toContain("response.output_text.delta");
    expect(done.text).toContain("It printed:\\n\\nhi");
  });

  it("speaks OpenAI's Chat Completions", async ({ expect }) => {
    await using model = await startScriptedModel();
    const ask = {
      model: "g",
      stream: true,
      messages: [
        { role: "system", content: "x" },
        { role: "user", content: PROMPT },
      ],
      tools: [{ type: "function", function: { name: "run_shell_command", parameters: object("command", "is_background") } }],
    };
    const call = await post(model.url, "/v1/chat/completions", ask);
    expect(call.text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(events(call.text)[0]).toMatchObject({
      choices: [{ delta: { tool_calls: [{ index: 0, function: { name: "run_shell_command", arguments: JSON.stringify({ command: COMMAND, is_background: false }) } }] } }],
    });
    expect(events(call.text).at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) } });
    const done = await post(model.url, "/v1/chat/completions", {
      ...ask,
      stream: false,
      messages: [...ask.messages, { role: "assistant", content: null }, { role: "tool", tool_call_id: "c", content: "out" }],
    });
    expect(JSON.parse(done.text)).toMatchObject({ choices: [{ message: { content: "The command ran. It printed:\n\nout" }, finish_reason: "stop" }] });
  });

  it("speaks Gemini, streamed and whole, and in JSON where that is asked", async ({ expect }) => {
    await using model = await startScriptedModel();
    const ask = { contents: [{ role: "user", parts: [{ text: PROMPT }] }], tools: [{ functionDeclarations: [{ name: "run_shell_command", parametersJsonSchema: object("command") }] }] };
    const call = await post(model.url, "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", ask);
    expect(events(call.text)).toEqual([
      expect.objectContaining({
        modelVersion: "gemini-x",
        candidates: [{ index: 0, content: { role: "model", parts: [{ functionCall: { name: "run_shell_command", args: { command: COMMAND } } }] }, finishReason: "STOP" }],
      }),
    ]);
    const done = await post(model.url, "/v1beta/models/gemini-x:generateContent", {
      ...ask,
      contents: [...ask.contents, { role: "model", parts: [] }, { role: "user", parts: [{ functionResponse: { name: "run_shell_command", response: { output: "Output: hi" } } }] }],
    });
    expect(JSON.parse(done.text)).toMatchObject({
      candidates: [{ content: { parts: [{ text: "The command ran. It printed:\n\nOutput: hi" }] } }],
      usageMetadata: { promptTokenCount: expect.any(Number) },
    });
    const routing = await post(model.url, "/v1beta/models/lite:generateContent", { contents: ask.contents, generationConfig: { responseMimeType: "application/json" } });
    const [candidate] = (JSON.parse(routing.text) as { candidates: { content: { parts: { text: string }[] } }[] }).candidates;
    expect(JSON.parse(candidate?.content.parts[0]?.text ?? "")).toMatchObject({ complexity_score: 1 });
  });

  it("answers with text where there are no tools, no command, or no tool that it knows", async ({ expect }) => {
    await using model = await startScriptedModel();
    const text = async (body: object): Promise<string> => (JSON.parse((await post(model.url, "/v1/messages", body)).text) as { content: { text: string }[] }).content[0]?.text ?? "";
    expect(await text({ messages: [{ role: "user", content: PROMPT }] })).toBe("Scripted task");
    expect(await text({ messages: [{ role: "user", content: "hello" }], tools: [{ name: "Bash" }] })).toBe(EXPLANATION);
    expect(await text({ messages: [{ role: "user", content: PROMPT }], tools: [{ name: "Read" }] })).toContain("offers: Read");
    expect(await text({})).toBe(EXPLANATION);
  });

  it.for([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as const)("reads a body in %s", async ([coding, compress], { expect }) => {
    const seen: ScriptedRequest[] = [];
    await using model = await startScriptedModel({ onRequest: (request) => seen.push(request) });
    const body = compress(Buffer.from(JSON.stringify({ messages: [{ role: "user", content: "hello" }] })));
    expect((await post(model.url, "/v1/messages", body, { "content-encoding": coding })).status).toBe(200);
    expect(seen).toMatchObject([{ method: "POST", path: "/v1/messages", dialect: "anthropic-messages", body: { messages: [{ content: "hello" }] } }]);
  });

  it("answers only the expected key when one is expected", async ({ expect }) => {
    await using model = await startScriptedModel({ expectKey: "real" });
    const ask = (headers: Record<string, string>): Promise<{ readonly status: number }> => post(model.url, "/v1/messages", {}, headers);
    expect((await ask({})).status).toBe(401);
    expect((await ask({ "x-api-key": "placeholder" })).status).toBe(401);
    for (const headers of [{ "x-api-key": "real" }, { authorization: "Bearer real" }, { "x-goog-api-key": "real" }]) expect((await ask(headers)).status).toBe(200);
  });

  it("gives the same answer to the same request", async ({ expect }) => {
    await using one = await startScriptedModel();
    await using two = await startScriptedModel();
    const ask = { messages: [{ role: "user", content: PROMPT }], stream: true, tools: [{ name: "Bash" }] };
    expect((await post(one.url, "/v1/messages", ask)).text).toBe((await post(two.url, "/v1/messages", ask)).text);
  });

  it("counts tokens, answers HEAD, and has nothing elsewhere", async ({ expect }) => {
    await using model = await startScriptedModel();
    expect(JSON.parse((await post(model.url, "/v1/messages/count_tokens", {})).text)).toEqual({ input_tokens: 1 });
    expect((await fetch(`${model.url}/api/hello`, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(`${model.url}/v1/unknown`)).status).toBe(404);
    expect((await post(model.url, "/v1/messages", Buffer.from("{broken"))).status).toBe(400);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    httpRequest(`${model.url}/v1/responses`, { headers: { connection: "Upgrade", upgrade: "websocket" } })
      .on("response", (response) => {
        resolve(response.statusCode);
        response.resume();
      })
      .end();
    expect(await promise).toBe(426);
  });
});

describe("a script of several steps", () => {
  const SCRIPT = '```tool mcp-find\n{"query": "github"}\n```\nthen\n```sh\nls\n```\nthen\n```tool echo\n```';
  const tools = [
    { name: "Bash", input_schema: object("command") },
    { name: "ToolSearch", input_schema: object("query") },
  ];
  const find = { name: "mcp__sbx__mcp-find", input_schema: object("query") };
  const said = { role: "user", content: SCRIPT };
  const call = (name: string): object => ({ role: "assistant", content: [{ type: "tool_use", id: "t", name, input: {} }] });
  const result = (text: string): object => ({ role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: text }] });

  async function next(offered: readonly object[], messages: readonly object[]): Promise<unknown> {
    await using model = await startScriptedModel();
    const { text } = await post(model.url, "/v1/messages", { model: "x", tools: offered, messages });
    return (JSON.parse(text) as { readonly content: readonly unknown[] }).content[0];
  }

  it("is carried out one after the other, tools by the end of their names", async ({ expect }) => {
    const all = [...tools, find, { name: "mcp__sbx__echo", input_schema: {} }];
    expect(await next(all, [said])).toMatchObject({ name: "mcp__sbx__mcp-find", input: { query: "github" } });
    const found = [said, call(find.name), result("found it")];
    expect(await next(all, found)).toMatchObject({ name: "Bash", input: { command: "ls" } });
    const listed = [...found, call("Bash"), result("a file")];
    expect(await next(all, listed)).toMatchObject({ name: "mcp__sbx__echo", input: {} });
    const { text } = (await next(all, [...listed, call("mcp__sbx__echo"), result("hi")])) as { readonly text: string };
    expect(text).toBe("The tool mcp-find answered:\n\nfound it\n\nThe command printed:\n\na file\n\nThe tool echo answered:\n\nhi");
  });

  it("looks a tool up that is not offered yet, once, and says so when it is not found", async ({ expect }) => {
    expect(await next(tools, [said])).toMatchObject({ name: "ToolSearch", input: { query: "mcp-find" } });
    const searched = [said, call("ToolSearch"), result("one tool")];
    expect(await next([...tools, find], searched)).toMatchObject({ name: "mcp__sbx__mcp-find" });
    expect(await next(tools, searched)).toMatchObject({ type: "text", text: expect.stringContaining("does not offer it") });
  });
});
