import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { MESSAGE } from "./messages.ts";
import { readMessages } from "./read-messages.ts";
import { RelayConnection, type RelayParts } from "./relay-connection.ts";
import { Malformed } from "./wire-reader.ts";
import { wireMessage } from "./write-wire.ts";

/** More open at once are closed as they come. */
const MAX_CONNECTIONS = 32;
/** How long a connection may ask for nothing. An answer may take as long as its person does. */
const IDLE_MS = 300_000;

/** Between whom a relay stands, and what it lets pass. */
export interface StartSshAgentRelay extends RelayParts {
  /** Path of the unix socket, under 108 bytes; what lies there is replaced. Everybody may connect who comes there at all. */
  readonly socket: string;
  readonly idleMs?: number;
}

/**
 * Answer as an SSH agent that has the person's keys, and asks the person's own agent for what is granted.
 *
 * Every message is read as a whole and written anew. Keys are listed and sign; connections are bound to sessions that
 * proved themselves; anything else is a failure, of which the person's agent learns nothing. Disposing ends every connection.
 */
export async function startSshAgentRelay({ socket, idleMs = IDLE_MS, ...parts }: StartSshAgentRelay): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    void serve(client, parts, idleMs);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await rm(socket, { force: true });
  server.listen(socket);
  await once(server, "listening");
  await chmod(socket, 0o666);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const client of open) client.destroy();
      await closed;
      await rm(socket, { force: true });
    },
  };
}

/** Answer one connection until it ends. Never rejects. */
async function serve(client: Socket, parts: RelayParts, idleMs: number): Promise<void> {
  using connection = new RelayConnection(parts);
  // Also while the person's agent is asked, which may wait for its person.
  client.once("close", () => connection[Symbol.dispose]());
  client.on("error", () => undefined);
  client.on("timeout", () => client.destroy());
  client.setTimeout(idleMs);
  try {
    for await (const message of readMessages(client.iterator({ destroyOnReturn: false }))) {
      client.setTimeout(0);
      client.write(await connection.answer(message));
      client.setTimeout(idleMs);
    }
  } catch (error) {
    if (!(error instanceof Malformed)) return;
    parts.onRefused(error.message);
    client.end(wireMessage(MESSAGE.failure));
  } finally {
    client.end();
    client.destroySoon();
  }
}
