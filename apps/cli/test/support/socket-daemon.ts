import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import type { Duplex } from "node:stream";
import { api, AppError, createDispatcher, type Event, type Handlers, type Method } from "@sbx/contracts";

export interface SocketDaemon extends AsyncDisposable {
  readonly socket: string;
  /** Break every connection, as a death of the daemon would. */
  readonly breakAll: () => void;
}

/** A daemon on a real socket, with fake answers: for what only a socket shows. */
export async function startSocketDaemon(
  state: string,
  { handlers = {}, events = [], onAttach }: { readonly handlers?: Partial<Handlers>; readonly events?: readonly Event[]; readonly onAttach?: (stream: Duplex) => void },
): Promise<SocketDaemon> {
  const missing = (): Promise<never> => Promise.reject(new AppError("ROUTE_UNKNOWN", { message: "no fake answer", fix: "none" }));
  const dispatch = createDispatcher({ ...Object.fromEntries(Object.keys(api).map((name) => [name, missing])), ...handlers } as unknown as Handlers, () => {});
  const streams = new Set<Duplex>();
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url?.startsWith("/v1/events?") === true) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(": hello\n\n");
        // In two halves, as a socket may deliver them.
        for (const text of events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`)) {
          response.write(text.slice(0, 20));
          await new Promise((resolve) => {
            setTimeout(resolve, 5);
          });
          response.write(text.slice(20));
        }
        return;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const body: unknown = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const reply = await dispatch({ method: request.method as Method, target: request.url ?? "/", body }, new AbortController().signal);
      response.writeHead(reply.status, { "content-type": "application/json" }).end(JSON.stringify(reply.body));
    })();
  });
  server.on("upgrade", (request, stream: Duplex) => {
    stream.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${request.headers.upgrade ?? ""}\r\n\r\n`);
    streams.add(stream.on("error", () => {}).on("close", () => streams.delete(stream)));
    onAttach?.(stream);
  });
  const socket = path.join(state, "sbxd.sock");
  server.listen(socket);
  await once(server, "listening");
  return {
    socket,
    breakAll: () => {
      for (const stream of streams) stream.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const stream of streams) stream.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
