import { duplexPair } from "node:stream";
import { ServerEntry } from "@sbx/contracts";
import { createGateway } from "@sbx/mcp-gateway";

/**
 * The gateway as the suite's client: a remote server whose address is the last argument, used through the gateway by a
 * client that calls every tool once.
 */
const url = process.argv.at(-1) ?? "";
const entry = ServerEntry.parse({ name: "remote", source: { kind: "remote", url, transport: "streamable-http" } });
const ARGUMENTS = { a: 5, b: 3 };

await using gateway = createGateway({
  catalog: { find: () => entry, search: () => [{ entry }], configProblems: () => [] },
  policy: { judge: () => ({ effect: "allow" }), agree: () => undefined, missingSecrets: async () => await Promise.resolve([]) },
  state: { servers: () => [{ name: entry.name, config: {} }], put: () => undefined, forget: () => undefined, profile: () => undefined, putProfile: () => undefined },
  runner: { start: async () => await Promise.reject(new Error("the suite's server is remote")) },
  // The suite's server is on the loopback, which the real port never dials.
  remote: { connect: async () => await Promise.resolve({ url, fetch }) },
  record: () => undefined,
  onFault: (error) => {
    process.stderr.write(`fault of the gateway: ${String(error)}\n`);
  },
});

const [mine, its] = duplexPair();
const served = gateway.serveDuplex(its, { kind: "host", scope: "conformance" }, new AbortController().signal);
type Tool = { readonly name: string; readonly inputSchema?: object; readonly _meta?: object };
type Result = { readonly tools?: readonly Tool[] };
type Message = {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly requestedSchema?: { readonly properties?: Readonly<Record<string, { readonly default?: unknown }>> } };
  readonly result?: Result;
};

let ids = 0;
const answers = new Map<number | string, (result: Result) => void>();
let buffer = "";
const send = (message: object): void => void mine.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
mine.on("data", (chunk: Buffer) => {
  buffer += chunk.toString("utf8");
  const lines = buffer.split("\n");
  buffer = lines.pop() ?? "";
  for (const line of lines) take(JSON.parse(line) as Message);
});

/** A person who takes every form as it is filled in. */
function take({ id, method, params, result }: Message): void {
  if (method === "elicitation/create") {
    const fields = Object.entries(params?.requestedSchema?.properties ?? {}).filter(([, field]) => "default" in field);
    send({ id, result: { action: "accept", content: Object.fromEntries(fields.map(([name, field]): [string, unknown] => [name, field.default])) } });
  } else if (method === undefined && id !== undefined) answers.get(id)?.(result ?? {});
}

async function ask(method: string, params: object): Promise<Result> {
  ids += 1;
  const answer = Promise.withResolvers<Result>();
  answers.set(ids, answer.resolve);
  send({ id: ids, method, params });
  return await answer.promise;
}

await ask("initialize", { protocolVersion: "2025-11-25", capabilities: { elicitation: { form: { applyDefaults: true } } }, clientInfo: { name: "suite", version: "1" } });
send({ method: "notifications/initialized" });
const { tools = [] } = await ask("tools/list", {});
const ofServer = tools.filter(({ _meta }) => _meta !== undefined && "dev.sbx/server" in _meta);
// One scenario wants to see a schema again as it came through.
const schema = ofServer.find(({ name }) => name === "json_schema_2020_12_tool")?.inputSchema;
for (const { name } of ofServer) await ask("tools/call", { name, arguments: name === "json_schema_echo" ? { schema } : ARGUMENTS });
mine.end();
await served;
