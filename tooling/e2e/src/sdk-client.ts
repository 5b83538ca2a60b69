// Runs wherever a client of MCP runs, in a sandbox too: the official client over a file that names the server, as agents have it.
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

/** One thing to do: list the tools, or call one. */
export type SdkStep = { readonly list: true } | { readonly tool: string; readonly args?: Record<string, unknown> };

export interface SdkOutcome {
  /** Names of the tools, for a list. */
  readonly names?: readonly string[];
  /** What the list is in characters of JSON. */
  readonly size?: number;
  readonly text?: string;
  readonly isError?: boolean;
  /** Changes of the list that were told so far. */
  readonly changes: number;
  readonly ms: number;
}

interface ServersFile {
  readonly mcpServers: Readonly<Record<string, { readonly url: string; readonly headers?: Record<string, string> }>>;
}

const [file = "", steps = "[]"] = process.argv.slice(2);
const [server] = Object.values((JSON.parse(readFileSync(file, "utf8")) as ServersFile).mcpServers);
if (server === undefined) throw new Error(`${file} names no server`);
const client = new Client({ name: "official-client", version: "1" });
let changes = 0;
client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
  changes += 1;
});
await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: server.headers ?? {} } }));
const outcomes: SdkOutcome[] = [];

/** What a tool says, as a result or as an error of the protocol. */
async function call(name: string, args: Record<string, unknown>): Promise<{ readonly text: string; readonly isError: boolean }> {
  try {
    const { content = [], isError } = (await client.callTool({ name, arguments: args }, undefined, { timeout: 900_000 })) as {
      readonly content?: readonly { readonly text?: string }[];
      readonly isError?: boolean;
    };
    return { text: content.map(({ text = "" }) => text).join("\n"), isError: isError === true };
  } catch (error) {
    return { text: String(error), isError: true };
  }
}

for (const step of JSON.parse(steps) as readonly SdkStep[]) {
  const start = Date.now();
  if ("list" in step) {
    const { tools } = await client.listTools();
    outcomes.push({ names: tools.map(({ name }) => name), size: JSON.stringify(tools).length, changes, ms: Date.now() - start });
  } else {
    outcomes.push({ ...(await call(step.tool, step.args ?? {})), changes, ms: Date.now() - start });
  }
}
await client.close();
process.stdout.write(JSON.stringify(outcomes));
