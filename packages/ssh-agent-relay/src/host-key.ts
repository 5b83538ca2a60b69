import { createPublicKey, verify, type JsonWebKey, type KeyObject } from "node:crypto";
import { readWhole, type WireReader } from "./wire-reader.ts";

interface Curve {
  readonly crv: string;
  readonly hash: string;
  readonly bytes: number;
}

const CURVES: ReadonlyMap<string, Curve> = new Map([
  ["nistp256", { crv: "P-256", hash: "sha256", bytes: 32 }],
  ["nistp384", { crv: "P-384", hash: "sha384", bytes: 48 }],
  ["nistp521", { crv: "P-521", hash: "sha512", bytes: 66 }],
]);
const RSA_HASHES: ReadonlyMap<string, string> = new Map([
  ["rsa-sha2-256", "sha256"],
  ["rsa-sha2-512", "sha512"],
]);
/** Smaller RSA keys are not trusted with anything; larger ones only cost time. */
const RSA_BYTES = { least: 256, most: 2048 } as const;

/** Asks whether a signature in SSH's form is the key's own over these bytes. */
type Verify = (data: Buffer, signature: Buffer) => boolean;

/** Whether the host that has this key signed `data`. False for every key, algorithm and form that is not known. Certificates are not known. */
export function isSignedBy(hostKey: Buffer, { data, signature }: { readonly data: Buffer; readonly signature: Buffer }): boolean {
  try {
    return readWhole(hostKey, readKey)?.(data, signature) ?? false;
  } catch {
    // Numbers that are no key of their kind.
    return false;
  }
}

/** The type that a public key says it is of; `undefined` where it says none. */
export function keyTypeOf(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  return readWhole(key.subarray(0, 4 + key.readUInt32BE()), (reader) => reader.name());
}

function readKey(reader: WireReader): Verify | undefined {
  const type = reader.name();
  if (type === "ssh-ed25519") return edwardsKey(reader.string());
  if (type === "ssh-rsa") return rsaKey({ exponent: reader.positiveNumber(), modulus: reader.positiveNumber() });
  const name = reader.name();
  const point = reader.string();
  const curve = type === `ecdsa-sha2-${name}` ? CURVES.get(name) : undefined;
  return curve === undefined ? undefined : curveKey(type, curve, point);
}

function edwardsKey(x: Buffer): Verify | undefined {
  if (x.length !== 32) return undefined;
  const key = keyFrom({ kty: "OKP", crv: "Ed25519", x: x.toString("base64url") });
  return (data, signature) => {
    const own = signatureOf(signature, "ssh-ed25519");
    return own?.length === 64 && verify(null, data, key, own);
  };
}

function rsaKey({ exponent, modulus }: { readonly exponent: Buffer; readonly modulus: Buffer }): Verify | undefined {
  if (modulus.length < RSA_BYTES.least || modulus.length > RSA_BYTES.most || exponent.length > 8) return undefined;
  const key = keyFrom({ kty: "RSA", n: modulus.toString("base64url"), e: exponent.toString("base64url") });
  return (data, signature) => {
    for (const [algorithm, hash] of RSA_HASHES) {
      const own = signatureOf(signature, algorithm);
      if (own !== undefined) return own.length <= modulus.length && verify(hash, data, key, leftPadded(own, modulus.length));
    }
    return false;
  };
}

function curveKey(type: string, { crv, hash, bytes }: Curve, point: Buffer): Verify | undefined {
  // Uncompressed, as SSH has it.
  if (point.length !== 1 + 2 * bytes || point[0] !== 4) return undefined;
  const key = keyFrom({ kty: "EC", crv, x: point.subarray(1, 1 + bytes).toString("base64url"), y: point.subarray(1 + bytes).toString("base64url") });
  return (data, signature) => {
    const pair = signatureOf(signature, type);
    const own = pair === undefined ? undefined : readWhole(pair, (reader) => [reader.positiveNumber(), reader.positiveNumber()]);
    if (own === undefined || own.some((number) => number.length > bytes)) return false;
    return verify(hash, data, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat(own.map((number) => leftPadded(number, bytes))));
  };
}

/** What a signature of this algorithm holds; `undefined` for one of another. */
function signatureOf(signature: Buffer, algorithm: string): Buffer | undefined {
  const read = readWhole(signature, (reader) => ({ algorithm: reader.name(), own: reader.string() }));
  return read?.algorithm === algorithm ? read.own : undefined;
}

function leftPadded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(length - bytes.length), bytes]);
}

function keyFrom(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: "jwk" });
}
