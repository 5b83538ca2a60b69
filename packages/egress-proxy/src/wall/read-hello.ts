import type { Socket } from "node:net";
import { HeldPieces } from "@sbx/contracts";
import { looksLikeTls, parseClientHello } from "./client-hello.ts";

export type FirstBytes =
  /** `head`: what was read and must be sent on first. */
  | { readonly kind: "tls"; readonly head: Buffer; readonly serverName: string | undefined }
  | { readonly kind: "other"; readonly head: Buffer }
  | { readonly kind: "invalid"; readonly why: string }
  | { readonly kind: "late" }
  /** The client ended or broke off before it was clear. `head` may be empty. */
  | { readonly kind: "ended"; readonly head: Buffer };

/**
 * Read what a client sends first until it is clear what it is: a ClientHello, whole, or something else at the first byte.
 * `patience` begins with the connection or, with `fromFirstByte`, when the client begins to speak. The socket is left paused.
 */
export async function readHello(socket: Socket, patience: { readonly ms: number; readonly fromFirstByte: boolean }): Promise<FirstBytes> {
  const { promise, resolve } = Promise.withResolvers<FirstBytes>();
  const held = new HeldPieces();
  let need = 1;
  let timer: NodeJS.Timeout | undefined;
  const startTimer = (): void => {
    timer ??= setTimeout(() => {
      resolve({ kind: "late" });
    }, patience.ms);
  };
  const onData = (chunk: Buffer): void => {
    startTimer();
    held.push(chunk);
    if (held.length < need) return;
    const judged = judge(held.look());
    if (typeof judged === "number") need = judged;
    else resolve(judged);
  };
  const onEnd = (): void => {
    resolve({ kind: "ended", head: held.look() });
  };
  socket.on("data", onData);
  socket.once("end", onEnd);
  socket.once("close", onEnd);
  if (!patience.fromFirstByte) startTimer();
  socket.resume();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.pause();
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
  }
}

/** The result, or how many bytes it takes to have one. */
function judge(head: Buffer): FirstBytes | number {
  if (!looksLikeTls(head)) return { kind: "other", head };
  const hello = parseClientHello(head);
  switch (hello.kind) {
    case "incomplete":
      return hello.need;
    case "invalid":
      return { kind: "invalid", why: hello.why };
    case "hello":
      return { kind: "tls", head, serverName: hello.serverName };
  }
}
