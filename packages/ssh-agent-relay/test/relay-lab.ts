import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { SshGrant } from "../src/grant.ts";
import { readMessages } from "../src/read-messages.ts";
import type { SshUse } from "../src/relay-connection.ts";
import { startSshAgentRelay } from "../src/start-ssh-agent-relay.ts";
import { wireMessage, wireString, wireUint32 } from "../src/write-wire.ts";
import { edwardsKey } from "./host-keys.ts";

/** The key that the person's agent holds. */
export const PERSON_KEY = edwardsKey().blob;

/** A person's agent that notes every byte that reaches it, and a relay before it. */
export interface RelayLab extends AsyncDisposable {
  /** Messages that reached the person's agent. */
  readonly reached: Buffer[];
  readonly used: SshUse[];
  readonly refused: string[];
  readonly socket: string;
  /** Connect as a program inside would. */
  readonly client: () => Promise<RelayClient>;
}

export interface RelayClient {
  readonly socket: Socket;
  /** Send bytes as they are. */
  readonly write: (bytes: Buffer) => void;
  /** The next answer: type and body; `undefined` at the end of the connection. */
  readonly next: () => Promise<{ readonly type: number; readonly body: Buffer } | undefined>;
  /** Send a message and await its answer's type. */
  readonly ask: (type: number, ...parts: readonly Buffer[]) => Promise<number | undefined>;
}

export interface LabOptions {
  readonly grant?: SshGrant;
  readonly knownHosts?: string;
  /** What the person's agent answers; by default what OpenSSH's would. */
  readonly answers?: (message: Buffer) => Buffer;
  /** There is no agent of the person's. */
  readonly gone?: boolean;
  readonly idleMs?: number;
}

export async function relayLab({ grant = { unrestricted: true }, knownHosts = "", answers = usualAnswer, gone = false, idleMs }: LabOptions = {}): Promise<RelayLab> {
  const directory = await mkdtemp(path.join(tmpdir(), "sbx-ssh-"));
  const [person, socket] = [path.join(directory, "person"), path.join(directory, "relay")];
  const lab = { reached: [] as Buffer[], used: [] as SshUse[], refused: [] as string[] };
  const agent = createServer((connection) => void serveAgent(connection, { reached: lab.reached, answers }));
  if (!gone) {
    agent.listen(person);
    await once(agent, "listening");
  }
  const relay = await startSshAgentRelay({
    socket,
    grant,
    connect: async () => {
      const stream = connect(person);
      await once(stream, "connect");
      return stream;
    },
    knownHosts: () => Promise.resolve(knownHosts),
    onUsed: (use) => lab.used.push(use),
    onRefused: (reason) => lab.refused.push(reason),
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  return {
    ...lab,
    socket,
    client: () => openClient(socket),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      agent.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function serveAgent(connection: Socket, { reached, answers }: { readonly reached: Buffer[]; readonly answers: (message: Buffer) => Buffer }): Promise<void> {
  connection.on("error", () => undefined);
  for await (const message of readMessages(connection)) {
    reached.push(message);
    connection.write(answers(message));
  }
}

function usualAnswer([type]: Buffer): Buffer {
  if (type === 11) return wireMessage(12, wireUint32(1), wireString(PERSON_KEY), wireString("ann@laptop"));
  return type === 13 ? wireMessage(14, wireString("signature")) : wireMessage(6);
}

async function openClient(path: string): Promise<RelayClient> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const messages = readMessages(socket);
  const next: RelayClient["next"] = async () => {
    const { value } = await messages.next();
    return value === undefined ? undefined : { type: value[0] ?? -1, body: value.subarray(1) };
  };
  const write = (bytes: Buffer): void => void socket.write(bytes);
  return {
    socket,
    write,
    next,
    ask: async (type, ...parts) => {
      write(wireMessage(type, ...parts));
      return (await next())?.type;
    },
  };
}
