import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from "node:crypto";
import { bits, boolean, context, integer, octets, oid, sequence, set, text, time } from "./der.ts";

const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const DAY_MS = 86_400_000;

/** Who signs: its name, and its private key (P-256). */
export interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

export interface CertificateOptions {
  readonly issuer: Issuer;
  readonly name: string;
  /** Whose certificate it is: a public key of P-256. */
  readonly publicKey: KeyObject;
  readonly days: number;
  /** The host that it is for; absent: it is an authority's own. */
  readonly host?: string;
}

/** Write and sign an X.509 certificate (RFC 5280) of an authority or of one host, as PEM. It is valid from yesterday on: clocks differ. */
export function writeCertificate({ issuer, name, publicKey, days, host }: CertificateOptions): string {
  const now = Date.now();
  const body = sequence(
    context(0, integer(Buffer.of(2)), "constructed"),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer.name),
    sequence(time(new Date(now - DAY_MS)), time(new Date(now + days * DAY_MS))),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    context(3, sequence(...(host === undefined ? ofAuthority(publicKey) : ofHost(publicKey, host, issuer))), "constructed"),
  );
  const whole = sequence(body, ECDSA_WITH_SHA256, bits(sign("sha256", body, issuer.key)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function nameOf(name: string): Buffer {
  return sequence(set(sequence(oid("2.5.4.3"), text(name))));
}

/** An authority signs certificates of hosts, and of no further authority. */
function ofAuthority(publicKey: KeyObject): readonly Buffer[] {
  return [
    extension("2.5.29.19", sequence(boolean(true), integer(Buffer.of(0))), { critical: true }),
    extension("2.5.29.15", bits(Buffer.of(0x04), 2), { critical: true }),
    extension("2.5.29.14", octets(keyId(publicKey))),
  ];
}

function ofHost(publicKey: KeyObject, host: string, { key }: Issuer): readonly Buffer[] {
  return [
    extension("2.5.29.19", sequence(), { critical: true }),
    extension("2.5.29.15", bits(Buffer.of(0x80), 7), { critical: true }),
    extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.17", sequence(context(2, Buffer.from(host, "latin1"), "plain"))),
    extension("2.5.29.14", octets(keyId(publicKey))),
    extension("2.5.29.35", sequence(context(0, keyId(createPublicKey(key)), "plain"))),
  ];
}

function extension(id: string, value: Buffer, { critical = false }: { readonly critical?: boolean } = {}): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

/** A public key's identifier: a hash of it. */
function keyId(publicKey: KeyObject): Buffer {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}
