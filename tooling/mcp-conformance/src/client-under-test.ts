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
let ids = 0;
const answers = new Map<number, (result: { readonly tools?: readonly { readonly name: string; readonly _meta?: object }[] }) => void>();
let buffer = "";
mine.on("data", (chunk: Buffer) => {
  buffer += chunk.toString("utf8");
  const lines = buffer.split("\n");
  buffer = lines.pop() ?? "";
  for (const line of lines) {
    const message = JSON.parse(line) as { readonly id?: number; readonly result?: object };
    if (message.id !== undefined) answers.get(message.id)?.(message.result ?? {});
  }
});

async function ask(method: string, params: object): Promise<{ readonly tools?: readonly { readonly name: string; readonly _meta?: object }[] }> {
  ids += 1;
  const answer = Promise.withResolvers<{ readonly tools?: readonly { readonly name: string; readonly _meta?: object }[] }>();
  answers.set(ids, answer.resolve);
  mine.write(`${JSON.stringify({ jsonrpc: "2.0", id: ids, method, params })}\n`);
  return await answer.promise;
}

await ask("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "suite", version: "1" } });
mine.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
const { tools = [] } = await ask("tools/list", {});
for (const { name, _meta } of tools) if (_meta !== undefined && "dev.sbx/server" in _meta) await ask("tools/call", { name, arguments: ARGUMENTS });
mine.end();
await served;
