import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Engine, EngineId } from "@sbx/core";
import { listenPrivately } from "../server/listen-privately.ts";

/** What stands between a socket of this machine and that of a daemon beside its engine. */
export interface DoorParts {
  /** On this machine. */
  readonly socketPath: string;
  readonly engine: Pick<Engine, "exec">;
  readonly container: EngineId;
  /** In the container. */
  readonly target: string;
  /** "uid:gid" of the daemon. */
  readonly user: string;
  /** Whether a process of this machine's own user connected. */
  readonly isOwn: (connection: Socket) => boolean;
  readonly onFault: (error: unknown) => void;
}

/**
 * Pass each connection on to the daemon by a program in its container. The engine starts that for those it obeys, and the
 * daemon asks the kernel for its user: whoever gets through controls the engine anyway.
 */
export async function openDoor(parts: DoorParts): Promise<AsyncDisposable> {
  const connections = new Set<Socket>();
  // Each direction ends by itself: a caller that has said everything still waits for the answer.
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    connection.on("error", () => undefined);
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
    if (!parts.isOwn(connection)) {
      connection.destroy();
      return;
    }
    // Many connect only to see whether somebody listens.
    connection.once("readable", () => {
      if (connection.readableLength === 0) connection.end();
      else void pass(parts, connection);
    });
  });
  await listenPrivately(server, parts.socketPath);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

async function pass({ engine, container, target, user, onFault }: DoorParts, connection: Socket): Promise<void> {
  try {
    const relay = await engine.exec(container, { command: ["nc", "-N", "-U", target], env: {}, user, workdir: "/", tty: false, stdin: true });
    connection.once("close", () => {
      relay.detach();
    });
    if (connection.destroyed) relay.detach();
    relay.exit.catch(() => undefined);
    relay.stdin.on("error", () => connection.destroy());
    relay.stderr.resume();
    connection.pipe(relay.stdin);
    relay.stdout.pipe(connection);
  } catch (error) {
    onFault(error);
    connection.destroy();
  }
}
