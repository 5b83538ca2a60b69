// An MCP server on its standard streams, in one file without dependencies: the same program behind every gateway.
// Usage: node mcp-server.ts TOOLS; `echo` gives its text back, `big` so many bytes, and the other tools are there to be listed.
import { createInterface } from "node:readline";

type Json = Readonly<Record<string, unknown>>;

const count = Number(process.argv[2] ?? "1");
const schema = { type: "object", properties: { text: { type: "string", description: "What to give back." }, bytes: { type: "integer" } } };
const tools = ["echo", "big", ...Array.from({ length: count }, (_, at) => `tool_${at}`)]
  .slice(0, count)
  .map((name) => ({ name, description: `Does what ${name} says, and nothing else.`, inputSchema: schema }));

function answer(method: unknown, params: Json): Json | undefined {
  if (method === "initialize") return { protocolVersion: params["protocolVersion"], capabilities: { tools: {} }, serverInfo: { name: "bench", version: "1" } };
  if (method === "tools/list") return { tools };
  if (method === "ping") return {};
  if (method !== "tools/call") return undefined;
  const { text = "", bytes = 0 } = params["arguments"] as { readonly text?: string; readonly bytes?: number };
  return { content: [{ type: "text", text: params["name"] === "big" ? "x".repeat(bytes) : text }] };
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} } = JSON.parse(line) as { readonly id?: unknown; readonly method?: unknown; readonly params?: Json };
  if (id === undefined || method === undefined) return;
  const result = answer(method, params);
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...(result === undefined ? { error: { code: -32601, message: "unknown method" } } : { result }) })}\n`);
});
