import type { Socket } from "node:net";
import type { PodConnection } from "../pod/pod-connection.ts";
import { closed, reset, resetOnAbort } from "./socket.ts";
import { guardPair } from "./splice.ts";

/** Connects to a port of a pod. */
export type DialWithin = (signal: AbortSignal) => Promise<Socket>;
/** How a connection that stays within its sandbox is made; "nobody": it is, and leads nowhere. `undefined`: it does not stay. */
export type StaysWithin = (connection: Pick<PodConnection, "pod" | "to" | "port">) => DialWithin | "nobody" | undefined;

/** Join a connection with a port of another pod of the same sandbox, until both are over. Reset where nobody listens. Never rejects. */
export async function joinWithin(client: Socket, dial: DialWithin | "nobody", { idleMs, signal }: { readonly idleMs: number; readonly signal: AbortSignal }): Promise<void> {
  const upstream = dial === "nobody" ? undefined : await dial(signal).catch(() => undefined);
  if (upstream === undefined || client.destroyed) {
    upstream?.on("error", () => undefined);
    if (upstream !== undefined) reset(upstream);
    reset(client);
    return;
  }
  guardPair(client, upstream, idleMs);
  const release = resetOnAbort(signal, [client, upstream]);
  client.setNoDelay(true);
  upstream.setNoDelay(true);
  client.pipe(upstream);
  upstream.pipe(client);
  await Promise.all([closed(client), closed(upstream)]);
  release();
}
