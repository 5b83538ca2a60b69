import { constants } from "node:fs";
import { chmod, open, rm } from "node:fs/promises";
import { decodeDelivery, DELIVERY_BYTES, DELIVERY_DESCRIPTORS, GATE_MAX_PENDING, GATE_SOCKET, type Delivery } from "@sbx/contracts";
import { closeDescriptor, listenUnix, receiveDescriptors, watchReadable, type Received } from "@sbx/syscalls";
import { startAcceptor } from "./start-acceptor.ts";

/** Connections whose message has not come: every answer that a gate may owe, one hello, and some that are just closing. */
const MAX_WAITING = 2 * GATE_MAX_PENDING;
const BACKLOG = 256;
/** A gate connects and sends in one go. */
const MESSAGE_TIMEOUT_MS = 2000;

export interface DeliveryHandler {
  /**
   * Take one well-formed delivery: its descriptors are the handler's from now on, and so is `connection` if it answers
   * "keep". Must not throw.
   */
  take(delivery: Delivery, descriptors: readonly number[], connection: number): "keep" | "close";
  /** Something else came; it is closed already. */
  refuse(reason: string): void;
}

/** Listen for a gate in `directory`: each connection brings one message, and what is not exactly that is closed. */
export async function acceptDeliveries(directory: string, handler: DeliveryHandler): Promise<Disposable> {
  const listener = await listenIn(directory);
  const waiting = new Set<() => void>();
  const acceptor = startAcceptor(listener, (connection) => {
    if (waiting.size >= MAX_WAITING) closeDescriptor(connection);
    else awaitMessage(connection, waiting, handler);
    return "more";
  });
  return {
    [Symbol.dispose]() {
      acceptor[Symbol.dispose]();
      closeDescriptor(listener);
      for (const stop of waiting) stop();
    },
  };
}

/**
 * Listen on the socket's file by way of the open directory: a connection's name is shown to the pod in /proc/net/unix,
 * where the host's path has no place, and paths longer than a socket's name work.
 */
async function listenIn(directory: string): Promise<number> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const path = `/proc/self/fd/${handle.fd}/${GATE_SOCKET}`;
    await rm(path, { force: true });
    const listener = listenUnix(path, BACKLOG);
    await chmod(path, 0o666);
    return listener;
  } finally {
    await handle.close();
  }
}

function awaitMessage(connection: number, waiting: Set<() => void>, handler: DeliveryHandler): void {
  const watch = watchReadable(connection, () => {
    const received = receive(connection);
    if (received === undefined) return;
    release();
    if (received === "failed") {
      closeDescriptor(connection);
      handler.refuse("a message could not be read");
    } else if (deliver(received, connection, handler) === "close") closeDescriptor(connection);
  });
  const stop = () => {
    release();
    closeDescriptor(connection);
  };
  const timer = setTimeout(() => {
    stop();
    handler.refuse("no message came");
  }, MESSAGE_TIMEOUT_MS);
  const release = () => {
    clearTimeout(timer);
    waiting.delete(stop);
    watch.close();
  };
  waiting.add(stop);
}

function receive(connection: number): Received | "failed" | undefined {
  try {
    // One byte of room more than a message has shows what is longer.
    return receiveDescriptors(connection, DELIVERY_BYTES + 1);
  } catch {
    return "failed";
  }
}

function deliver({ bytes, descriptors }: Received, connection: number, handler: DeliveryHandler): "keep" | "close" {
  const delivery = decodeDelivery(bytes);
  if (delivery !== undefined && DELIVERY_DESCRIPTORS[delivery.kind] === descriptors.length) return handler.take(delivery, descriptors, connection);
  for (const descriptor of descriptors) closeDescriptor(descriptor);
  handler.refuse(delivery === undefined ? `${bytes.byteLength} bytes that are no message` : `${descriptors.length} descriptors with a message of kind "${delivery.kind}"`);
  return "close";
}
