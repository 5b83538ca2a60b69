/** An MCP server with one tool that says what it is told, as a program text for `node -e`: it needs nothing but Node. */
export const ECHO_SERVER = `
const tools = [{ name: "echo", description: "Says what it is told", inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] } }];
const answers = {
  initialize: (params) => ({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "echo", version: "1" } }),
  "tools/list": () => ({ tools }),
  "tools/call": (params) => ({ content: [{ type: "text", text: "Echo: " + params.arguments.message }] }),
};
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method];
  console.log(JSON.stringify(answer === undefined ? { jsonrpc: "2.0", id, error: { code: -32601, message: "unknown" } } : { jsonrpc: "2.0", id, result: answer(params ?? {}) }));
}).on("close", () => process.exit(0));
`;
