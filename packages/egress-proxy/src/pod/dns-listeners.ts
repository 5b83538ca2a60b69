import { Socket } from "node:net";
import { receiveDatagram, resetConnection, sendDatagram, watchReadable } from "@sbx/syscalls";
import type { Resolve } from "./dns-resolver.ts";
import { startAcceptor } from "./start-acceptor.ts";

/** Largest query that is read; longer ones are cut and so malformed. */
const MAX_QUERY_BYTES = 1232;
/** Datagrams taken before other pods have their turn. */
const BATCH = 32;
/** How long a pod that asks too much waits before it is read again. */
const PAUSE_MS = 100;
/** A resolver sends its whole query at once. */
const TCP_IDLE_MS = 5000;
const TCP_QUERIES = 64;

export interface DnsListenersParts {
  readonly udp: number;
  readonly tcp: number;
  readonly resolve: Resolve;
  /** Take the right to answer one query; false: not now. */
  readonly mayAsk: () => boolean;
  readonly maxConnections: number;
}

/** Answer DNS on two sockets of a pod. The descriptors stay the caller's. */
export function startDnsListeners(parts: DnsListenersParts): Disposable {
  const udp = listenUdp(parts);
  const tcp = listenTcp(parts);
  return {
    [Symbol.dispose]() {
      udp[Symbol.dispose]();
      tcp[Symbol.dispose]();
    },
  };
}

function listenUdp({ udp, resolve, mayAsk }: DnsListenersParts): Disposable {
  let open = true;
  let pause: NodeJS.Timeout | undefined;
  const reply = async (message: Buffer, to: { readonly address: string; readonly port: number }) => {
    const answer = await resolve(message);
    if (open && answer !== undefined) sendQuietly(udp, answer, to);
  };
  const watch = watchReadable(udp, () => {
    for (let taken = 0; taken < BATCH; taken += 1) {
      if (!mayAsk()) {
        watch.pause();
        pause = setTimeout(() => watch.resume(), PAUSE_MS);
        return;
      }
      const datagram = receiveQuietly(udp);
      if (datagram === undefined) return;
      if (datagram.from !== undefined) void reply(datagram.bytes, datagram.from);
    }
  });
  return {
    [Symbol.dispose]() {
      open = false;
      clearTimeout(pause);
      watch.close();
    },
  };
}

function listenTcp({ tcp, resolve, mayAsk, maxConnections }: DnsListenersParts): Disposable {
  const open = new Set<Socket>();
  const acceptor = startAcceptor(tcp, (fd) => {
    if (open.size >= maxConnections) {
      resetConnection(fd);
      return "more";
    }
    const socket = new Socket({ fd, readable: true, writable: true });
    open.add(socket);
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("close", () => open.delete(socket));
    answerStream(socket, resolve, mayAsk);
    return "more";
  });
  return {
    [Symbol.dispose]() {
      acceptor[Symbol.dispose]();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Length, message, length, message; one at a time, so that a pod that reads no answers is not read either. */
function answerStream(socket: Socket, resolve: Resolve, mayAsk: () => boolean): void {
  let buffered = Buffer.alloc(0);
  let answered = 0;
  let busy = false;
  const next = async () => {
    if (busy || buffered.byteLength < 2) return;
    const length = buffered.readUInt16BE(0);
    if (length > MAX_QUERY_BYTES || answered === TCP_QUERIES || socket.writableNeedDrain) return void socket.destroy();
    if (buffered.byteLength < 2 + length) return;
    if (!mayAsk()) return void socket.destroy();
    busy = true;
    socket.pause();
    const message = Buffer.from(buffered.subarray(2, 2 + length));
    buffered = Buffer.from(buffered.subarray(2 + length));
    const answer = await resolve(message);
    busy = false;
    answered += 1;
    if (socket.destroyed || answer === undefined) return void socket.destroy();
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(answer.byteLength);
    socket.write(Buffer.concat([prefix, answer]));
    socket.resume();
    await next();
  };
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    void next();
  });
}

function sendQuietly(fd: number, bytes: Buffer, to: { readonly address: string; readonly port: number }): void {
  try {
    sendDatagram(fd, bytes, to);
  } catch {
    // The asker is gone, or gave port 0; it can ask again.
  }
}

function receiveQuietly(fd: number): ReturnType<typeof receiveDatagram> {
  try {
    return receiveDatagram(fd, Buffer.alloc(MAX_QUERY_BYTES));
  } catch {
    // An error that an earlier answer met; taking it has cleared it.
    return undefined;
  }
}
