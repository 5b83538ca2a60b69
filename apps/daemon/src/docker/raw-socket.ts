import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import type { DockerGuard } from "@sbx/docker-guard";

/** Pass everything on to the engine's own socket: who speaks here is root on the host. The person said so. */
export async function serveRawSocket(socket: string, engine: string): Promise<Pick<DockerGuard, "unusedMs"> & AsyncDisposable> {
  const open = new Set<Socket>();
  let last = Date.now();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ path: engine, allowHalfOpen: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.once("close", () => {
        open.delete(one);
        last = Date.now();
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await rm(socket, { force: true });
  server.listen(socket);
  await once(server, "listening");
  await chmod(socket, 0o666);
  return {
    unusedMs: () => (open.size > 0 ? 0 : Date.now() - last),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const one of open) one.destroy();
      await closed;
    },
  };
}
