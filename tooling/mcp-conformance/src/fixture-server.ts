import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { contentsOf, messagesOf, PROMPTS, QUESTIONS, RESOURCES, RESULTS, TEMPLATES, TOOLS } from "./fixture-content.ts";

/**
 * A server that has all that the conformance suite asks for, on standard input and output. It is written without the
 * gateway's code and without an SDK, so that a fault of either shows.
 */

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

interface Params {
  readonly protocolVersion?: string;
  readonly name?: string;
  readonly uri?: string;
  readonly arguments?: Readonly<Record<string, string>>;
  readonly _meta?: { readonly progressToken?: string | number };
}

const CAPABILITIES = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, logging: {}, completions: {} };

const waiting = new Map<number, (answer: Message) => void>();
let asked = 0;

function say(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

async function ask(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
  asked += 1;
  const id = asked;
  const answer = Promise.withResolvers<Message>();
  waiting.set(id, answer.resolve);
  say({ id, method, params });
  const { result, error } = await answer.promise;
  if (error !== undefined) throw new Error(error.message);
  return result ?? {};
}

async function inSteps(step: (at: number) => void): Promise<object> {
  for (const at of [0, 1, 2]) {
    if (at > 0) await wait(50);
    step(at);
  }
  return { content: [{ type: "text", text: "done" }] };
}

async function callTool({ name = "", arguments: args = {}, _meta }: Params): Promise<object> {
  const fixed = RESULTS[name];
  if (fixed !== undefined) return fixed;
  const question = QUESTIONS[name];
  if (question !== undefined) {
    const { action, content } = await ask("elicitation/create", { message: args["message"] ?? "Please answer.", requestedSchema: question });
    return { content: [{ type: "text", text: `Elicitation completed: action=${String(action)}, content=${JSON.stringify(content)}` }] };
  }
  switch (name) {
    case "test_tool_with_logging":
      return await inSteps((at) => {
        say({ method: "notifications/message", params: { level: "info", data: ["Tool execution started", "Tool processing data", "Tool execution completed"][at] } });
      });
    case "test_tool_with_progress":
      return await inSteps((at) => {
        if (_meta?.progressToken !== undefined) say({ method: "notifications/progress", params: { progressToken: _meta.progressToken, progress: at * 50, total: 100 } });
      });
    case "test_sampling": {
      const { content } = await ask("sampling/createMessage", { messages: [{ role: "user", content: { type: "text", text: args["prompt"] ?? "" } }], maxTokens: 100 });
      return { content: [{ type: "text", text: `LLM response: ${JSON.stringify(content)}` }] };
    }
    default:
      throw new Error(`Unknown tool: ${name}`);
  }
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(what);
  return value;
}

const METHODS: Readonly<Record<string, (params: Params) => object | Promise<object>>> = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: CAPABILITIES, serverInfo: { name: "conformance-fixture", version: "1.0.0" } }),
  "tools/list": () => ({ tools: TOOLS }),
  "tools/call": callTool,
  "resources/list": () => ({ resources: RESOURCES }),
  "resources/templates/list": () => ({ resourceTemplates: TEMPLATES }),
  "resources/read": ({ uri = "" }) => ({ contents: [found(contentsOf(uri), "Resource not found")] }),
  "prompts/list": () => ({ prompts: PROMPTS }),
  "prompts/get": ({ name = "", arguments: args = {} }) => ({ messages: found(messagesOf(name, args), "Unknown prompt") }),
  "completion/complete": () => ({ completion: { values: ["paris", "park", "party"], total: 3, hasMore: false } }),
  ping: () => ({}),
  "logging/setLevel": () => ({}),
  "resources/subscribe": () => ({}),
  "resources/unsubscribe": () => ({}),
};

async function answer(method: string, params: Params): Promise<object> {
  const handler = METHODS[method];
  if (handler === undefined) throw Object.assign(new Error("Method not found"), { code: -32601 });
  return await handler(params);
}

async function take(message: Message): Promise<void> {
  const { id, method, params = {} } = message;
  if (method === undefined) waiting.get(Number(id))?.(message);
  else if (id !== undefined) {
    try {
      say({ id, result: await answer(method, params) });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : -32602;
      say({ id, error: { code, message: error instanceof Error ? error.message : "failed" } });
    }
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  // The other side is the gateway under test: what it writes is a message.
  void take(JSON.parse(line) as Message);
});
