import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Registry {
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, Buffer>;
  /** Method, path and authorization of every request. */
  readonly asked: { readonly line: string; readonly authorization: string | undefined }[];
}

interface Ways {
  /** Ask for a token of this realm's own `/token`, given for these Basic credentials, or for none. */
  readonly token?: { readonly basic?: string };
  /** Change an answer before it goes out; `undefined` leaves it. */
  readonly answer?: (line: string, registry: Registry) => { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: Buffer | string } | undefined;
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A blob is kept under its digest alone. */
function keep(kept: Map<string, Buffer>, reference: string | null, body: Buffer): boolean {
  if (reference === null || (reference.startsWith("sha256:") && reference !== digestOf(body))) return false;
  kept.set(reference, body);
  return true;
}

function give(response: ServerResponse, found: Buffer | undefined, whole: boolean): void {
  if (found === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "docker-content-digest": digestOf(found), "content-length": found.byteLength }).end(whole ? found : undefined);
}

/** A registry on loopback that keeps blobs and manifests as the distribution protocol says. */
export async function startRegistry(ways: Ways = {}): Promise<Registry> {
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const registry: Registry = { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, blobs: new Map(), manifests: new Map(), asked: [] };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${registry.host}`);
    const line = `${request.method} ${url.pathname}`;
    registry.asked.push({ line, authorization: request.headers.authorization });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const changed = ways.answer?.(line, registry);
    if (changed !== undefined) {
      response.writeHead(changed.status ?? 200, changed.headers).end(changed.body);
      return;
    }
    if (url.pathname === "/token") {
      const wanted = ways.token?.basic;
      if (wanted !== undefined && request.headers.authorization !== `Basic ${wanted}`) response.writeHead(401).end();
      else response.end(JSON.stringify({ token: "a-token" }));
      return;
    }
    if (ways.token !== undefined && request.headers.authorization !== "Bearer a-token") {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token",service="here"` }).end();
      return;
    }
    store(url, { request, response, body });
  }

  function store(url: URL, { request, response, body }: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly body: Buffer }): void {
    const [, kind, reference = ""] = /^\/v2\/.+\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    const kept = kind === "manifests" ? registry.manifests : registry.blobs;
    if (request.method === "POST") response.writeHead(202, { location: `/v2/uploads/blobs/${randomUUID()}` }).end();
    else if (request.method === "PUT") response.writeHead(keep(kept, kind === "manifests" ? reference : url.searchParams.get("digest"), body) ? 201 : 400).end();
    else give(response, kept.get(reference), request.method === "GET");
  }
  return registry;
}
