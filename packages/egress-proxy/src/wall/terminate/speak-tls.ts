import type { Socket } from "node:net";
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from "node:tls";
import { codeOf } from "../dial.ts";

/** The authorities of this machine, of Node, and further ones in PEM. */
export function authoritiesOf(trust: readonly string[]): string[] {
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system"), ...getCACertificates("extra"), ...trust])];
}

/** Reading so many certificates takes long, so it is done once, and when a host is spoken to first. */
export function createUpstreamContext(trust: readonly string[]): () => SecureContext {
  let context: SecureContext | undefined;
  return () => (context ??= createSecureContext({ ca: authoritiesOf(trust), minVersion: "TLSv1.2" }));
}

export type TlsSpoken = { readonly kind: "secure"; readonly socket: TLSSocket } | { readonly kind: "failed"; readonly reason: string };

/** Speak TLS to a host over a connection that was made, and verify that it is the one. */
export async function speakTls(
  socket: Socket,
  { host, context, ms, signal }: { readonly host: string; readonly context: SecureContext; readonly ms: number; readonly signal: AbortSignal },
): Promise<TlsSpoken> {
  const secure = connect({ socket, servername: host, secureContext: context, ALPNProtocols: ["http/1.1"], rejectUnauthorized: true });
  const { promise, resolve } = Promise.withResolvers<TlsSpoken>();
  const fail = (reason: string): void => {
    resolve({ kind: "failed", reason });
  };
  const timer = setTimeout(fail, ms, `${host} did not end its TLS handshake in time`);
  const abort = (): void => {
    fail("the client went away");
  };
  signal.addEventListener("abort", abort, { once: true });
  secure.once("secureConnect", () => {
    if (secure.authorized) resolve({ kind: "secure", socket: secure });
    else fail(`the certificate of ${host} is not to be trusted`);
  });
  secure.on("error", (error) => {
    fail(`${host} could not be spoken to over TLS (${codeOf(error)})`);
  });
  const spoken = await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", abort);
  if (spoken.kind === "failed") {
    secure.destroy();
    socket.destroy();
  }
  return spoken;
}
