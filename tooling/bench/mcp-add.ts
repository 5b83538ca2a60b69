// Adds a server to the sandbox in which this runs, twice: in a session of its own each, while the first one lasts. One file without
// dependencies. Usage: node mcp-add.ts SERVER TOOL, one of its tools. Prints how many milliseconds each took until its tools were
// listed, and removes the server.
const [server = "", tool = ""] = process.argv.slice(2);
const URL_OF_GATEWAY = "http://host.docker.internal:8811/mcp";

interface Session {
  readonly ask: (method: string, params: object) => Promise<string>;
}

async function openSession(): Promise<Session> {
  let id: string | undefined;
  let last = 0;
  const ask = async (method: string, params: object): Promise<string> => {
    last += 1;
    const response = await fetch(URL_OF_GATEWAY, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...(id === undefined ? {} : { "mcp-session-id": id, "mcp-protocol-version": "2025-06-18" }) },
      body: JSON.stringify({ jsonrpc: "2.0", id: last, method, params }),
    });
    id ??= response.headers.get("mcp-session-id") ?? undefined;
    return await response.text();
  };
  await ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } });
  return { ask };
}

async function add({ ask }: Session): Promise<number> {
  const began = performance.now();
  const answer = await ask("tools/call", { name: "mcp-add", arguments: { name: server } });
  if (!answer.includes("Successfully added")) throw new Error(`mcp-add answered with ${answer.slice(0, 500)}`);
  const list = await ask("tools/list", {});
  if (!list.includes(`"${tool}"`)) throw new Error(`tools/list answered with ${list.slice(0, 500)}`);
  return performance.now() - began;
}

const sessions = [await openSession(), await openSession()] as const;
const first = await add(sessions[0]);
const second = await add(sessions[1]);
await sessions[0].ask("tools/call", { name: "mcp-remove", arguments: { name: server } });
process.stdout.write(`${JSON.stringify({ first, second })}\n`);
