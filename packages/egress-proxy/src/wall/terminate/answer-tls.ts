import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import { codeOf } from "../dial.ts";
import { reset } from "../socket.ts";

export type TlsAnswered = { readonly kind: "secure"; readonly socket: TLSSocket } | { readonly kind: "failed"; readonly reason: string };

/** Answer a client's TLS in the name of a host, with HTTP/1.1 in it. `head` is what was read of the client already. */
export async function answerTls(socket: Socket, { context, head, ms }: { readonly context: SecureContext; readonly head: Buffer; readonly ms: number }): Promise<TlsAnswered> {
  socket.unshift(head);
  const secure = new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: ["http/1.1"] });
  const { promise, resolve } = Promise.withResolvers<TlsAnswered>();
  const timer = setTimeout(() => {
    resolve({ kind: "failed", reason: "the client's TLS handshake did not end in time" });
  }, ms);
  secure.once("secure", () => {
    resolve({ kind: "secure", socket: secure });
  });
  secure.on("error", (error) => {
    resolve({ kind: "failed", reason: `the client did not take the certificate of sbx (${codeOf(error)})` });
  });
  const brokenOff = (): void => {
    resolve({ kind: "failed", reason: "the client broke its TLS handshake off" });
  };
  secure.once("close", brokenOff).once("end", brokenOff);
  // An end that nobody reads up to is not told.
  const look = (): void => {
    secure.read(0);
  };
  secure.on("readable", look);
  const answered = await promise;
  clearTimeout(timer);
  secure.off("readable", look);
  if (answered.kind === "failed") {
    secure.destroy();
    reset(socket);
  }
  return answered;
}
