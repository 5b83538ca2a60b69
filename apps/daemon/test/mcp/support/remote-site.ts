import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { randomUUID } from "node:crypto";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { selfSigned } from "../../../../../packages/egress-proxy/test/wall/self-signed.ts";

/** What a request said of itself. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

/** A site with MCP servers of the official library over TLS, as somebody runs them. */
export interface RemoteSite extends AsyncDisposable {
  readonly port: number;
  readonly certificate: string;
  readonly seen: SeenRequest[];
}

/** Answers a request itself, or leaves it to the servers. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

const HOST = "mcp.test";

function aServer(): McpServer {
  const server = new McpServer({ name: "remote", version: "1" });
  server.registerTool("greet", { description: "Greets" }, () => ({ content: [{ type: "text", text: "hello from elsewhere" }] }));
  server.registerTool("count", { description: "Counts, and tells how far it is" }, async ({ _meta, sendNotification }) => {
    const { progressToken } = _meta ?? {};
    if (progressToken !== undefined) for (let progress = 1; progress <= 3; progress += 1) await sendNotification({ method: "notifications/progress", params: { progressToken, progress } });
    return { content: [{ type: "text", text: "counted" }] };
  });
  return server;
}

/** Start the site: `/mcp` by streamable HTTP, `/sse` with the two endpoints of the first revision. */
export async function startRemoteSite(intercept: Intercept = () => false): Promise<RemoteSite> {
  const certificate = selfSigned(HOST);
  const seen: SeenRequest[] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const streams = new Map<string, SSEServerTransport>();
  // The library's transports are written without exactOptionalPropertyTypes.
  const connect = async (transport: unknown): Promise<void> => await aServer().connect(transport as Transport);
  const streamable = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id) : undefined;
    const transport = known ?? new StreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID(), onsessioninitialized: (session) => void sessions.set(session, transport) });
    if (known === undefined) await connect(transport);
    await transport.handleRequest(request, response);
  };
  const events = async (response: ServerResponse): Promise<void> => {
    const transport = new SSEServerTransport("/messages", response);
    streams.set(transport.sessionId, transport);
    await connect(transport);
  };
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    const url = new URL(request.url ?? "", `https://${HOST}`);
    seen.push({ method: request.method ?? "", path: url.pathname, authorization: request.headers.authorization });
    if (intercept(request, response)) return;
    const stream = streams.get(url.searchParams.get("sessionId") ?? "");
    if (url.pathname === "/mcp") void streamable(request, response);
    else if (url.pathname === "/sse") void events(response);
    else if (url.pathname === "/messages" && stream !== undefined) void stream.handlePostMessage(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    certificate: certificate.cert,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
