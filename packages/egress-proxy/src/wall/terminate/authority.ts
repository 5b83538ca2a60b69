import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { writeCertificate } from "./certificate.ts";

/** An authority of one sandbox, in PEM: its certificate, which is given inside, and its key, which never leaves the daemon. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
}

const AUTHORITY_DAYS = 3650;
const HOST_DAYS = 30;
/** How long a host's certificate is used, in milliseconds, and how many are kept. */
const USED_MS = 24 * 60 * 60 * 1000;
const KEPT = 256;
const NAME = "sbx wall";

/** Make an authority that signs for hosts alone. */
export function createAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name: NAME, key: privateKey };
  return { certificate: writeCertificate({ issuer, name: NAME, publicKey, days: AUTHORITY_DAYS }), key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** What the wall answers TLS with, in the name of a host. @throws Error for an authority that is none */
export type HostContexts = (authority: Authority, host: string) => SecureContext;

/** Certificates of hosts are made when they are first needed, each for exactly one name, and used for a day. */
export function createHostContexts(now: () => number): HostContexts {
  const kept = new Map<string, { readonly context: SecureContext; readonly until: number }>();
  let own: KeyObject | undefined;
  return (authority, host) => {
    const name = `${authority.certificate} ${host}`;
    const there = kept.get(name);
    if (there !== undefined && there.until > now()) return there.context;
    own ??= generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const cert = writeCertificate({ issuer: { name: NAME, key: createPrivateKey(authority.key) }, name: "sbx", publicKey: createPublicKey(own), days: HOST_DAYS, host });
    // Each handshake of a connection's would cost as much as its first one.
    const context = createSecureContext({ cert, key: own.export({ type: "pkcs8", format: "pem" }), minVersion: "TLSv1.2", secureOptions: constants.SSL_OP_NO_RENEGOTIATION });
    kept.delete(name);
    kept.set(name, { context, until: now() + USED_MS });
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return context;
  };
}
