import { describe, it } from "vitest";
import { listTools } from "../src/list-tools.ts";
import { toolRow } from "../src/tool-row.ts";

/** A server in one line: it answers what a test says, and is noisy. */
const server = (toolsReply: string) => `
  const lines = require("node:readline").createInterface({ input: process.stdin });
  console.error("starting"); console.log("not JSON");
  lines.on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    const reply = (result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
    if (method === "initialize") reply({ protocolVersion: params.protocolVersion, capabilities: {}, serverInfo: { name: "x", version: JSON.stringify(Object.keys(process.env).sort()) } });
    if (method === "tools/list") ${toolsReply};
  });`;
const start = (script: string, timeoutMs = 10_000) => listTools({ command: [process.execPath, "-e", script], env: { ONLY: "this" }, cwd: "/", timeoutMs });
const TOOL = '{ name: "t" + (params.cursor ?? "0"), description: "Does it. And more.", inputSchema: { type: "object" } }';

describe("the tools of a server", () => {
  it("are those of all its pages, whatever else it prints", async ({ expect }) => {
    const { tools, info } = await start(server(`reply({ tools: [${TOOL}], nextCursor: params.cursor === undefined ? "1" : undefined })`));
    expect(tools.map(({ name }) => name)).toEqual(["t0", "t1"]);
    expect(info.version).toBe('["ONLY"]');
  });

  it("are not told by a server that refuses, ends or keeps silent", async ({ expect }) => {
    await expect(start(server('console.log(JSON.stringify({ id, error: { code: 1, message: "no key" } }))'))).rejects.toThrow("no key");
    await expect(start("console.error('why'); process.exit(3)")).rejects.toThrow(/ended with 3[^]*why/);
    await expect(start(server("0"), 1000)).rejects.toThrow("no answer within 1000 ms");
    await expect(start(server(`reply({ tools: [], nextCursor: "again" })`))).rejects.toThrow("more than 100 pages");
  });
});

it("a row has the first sentence, and the tokens of what a model is given", ({ expect }) => {
  expect(toolRow({ name: "t", description: "Does it.\nAnd more.", inputSchema: { type: "object" } })).toEqual({ name: "t", description: "Does it.", tokens: 21 });
  expect(toolRow({ name: "t", description: "long ".repeat(100), inputSchema: {} }).description).toHaveLength(160);
  expect(toolRow({ name: "t", inputSchema: {} })).not.toHaveProperty("description");
});
