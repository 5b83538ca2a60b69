import { once } from "node:events";
import { createServer, type Socket } from "node:net";

const CHUNK = Buffer.alloc(64 << 10);
const LARGEST_BULK = 1 << 30;

export interface LoadServer extends AsyncDisposable {
  readonly port: number;
}

/** What the load generator talks to: sends back what comes, or so many bytes when asked for. */
export async function startLoadServer({ host = "127.0.0.1", port = 0 }: { readonly host?: string; readonly port?: number } = {}): Promise<LoadServer> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => undefined);
    socket.on("data", (chunk) => {
      const bulk = /^bulk (\d+)\n$/.exec(chunk.toString("latin1"));
      if (bulk === null) socket.write(chunk);
      else void sendBytes(socket, Math.min(Number(bulk[1]), LARGEST_BULK)).catch(() => undefined);
    });
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function sendBytes(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= CHUNK.byteLength) {
    if (!socket.write(CHUNK.subarray(0, Math.min(left, CHUNK.byteLength)))) await once(socket, "drain");
  }
  socket.end();
}
