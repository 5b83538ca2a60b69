import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv4 } from "node:net";
import { AppError } from "@sbx/contracts";
import type { Gateway } from "./create-gateway.ts";
import { HttpRefusal, refuse } from "./http/refusal.ts";

export interface HttpGatewayOptions {
  readonly gateway: Gateway;
  /** A loopback address; nothing else is listened on. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** What a client shows as `Authorization: Bearer TOKEN`; read at each request, so that a new token holds at once. `undefined` lets nobody in. */
  readonly token: () => string | undefined;
  /** For tests of conformance only: let everybody on this host in. */
  readonly allowUnauthenticated?: boolean;
}

/** The gateway as clients on the host reach it. */
export interface HttpGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

const SCOPE = "host";

/** Listen on the loopback for clients on the host. @throws AppError `CONFIG_INVALID` for another address, or a port that is taken */
export async function startHttpGateway(options: HttpGatewayOptions): Promise<HttpGateway> {
  const { host, port } = options;
  if (!(isIPv4(host) && host.startsWith("127."))) {
    throw new AppError("CONFIG_INVALID", { message: `The gateway listens on the loopback only, not on ${JSON.stringify(host)}.`, fix: "Use 127.0.0.1." });
  }
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000, keepAliveTimeout: 30_000, maxHeaderSize: 16 * 1024 }, (request, response) => {
    void answer(options, request, response);
  });
  server.maxConnections = 1024;
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    throw new AppError("CONFIG_INVALID", { message: `Port ${port} of ${host} cannot be listened on.`, fix: "Choose another port, or end the program that has it.", cause: error });
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return { url: `http://${host}:${bound}/mcp`, port: bound, [Symbol.asyncDispose]: async () => await close(server) };
}

async function answer({ gateway, token, allowUnauthenticated }: HttpGatewayOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const health = request.url === "/health" && request.method === "GET";
  if (!health && allowUnauthenticated !== true && !isAuthorized(request, token())) {
    response.setHeader("www-authenticate", 'Bearer realm="sbx MCP gateway"');
    refuse(response, new HttpRefusal(401, "Unauthorized: show the token of this gateway as Authorization: Bearer."));
    return;
  }
  await gateway.handle(request, response, { kind: "host", scope: SCOPE });
}

/** Compared as digests, so that neither length nor beginning shows in the time it takes. */
function isAuthorized(request: IncomingMessage, token: string | undefined): boolean {
  const shown = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined || token === "" || shown === undefined) return false;
  return timingSafeEqual(digest(shown), digest(token));
}

function digest(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
