import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { wireString } from "../src/write-wire.ts";

/** A host's key as SSH writes it, and the signatures that it makes. */
export interface TestKey {
  readonly blob: Buffer;
  readonly sign: (data: Buffer) => Buffer;
}

const CURVES = { nistp256: ["P-256", "sha256"], nistp384: ["P-384", "sha384"], nistp521: ["P-521", "sha512"] } as const;

export function edwardsKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    blob: Buffer.concat([wireString("ssh-ed25519"), wireString(part(publicKey, "x"))]),
    sign: (data) => Buffer.concat([wireString("ssh-ed25519"), wireString(sign(null, data, privateKey))]),
  };
}

export function rsaKey(algorithm: "rsa-sha2-256" | "rsa-sha2-512" | "ssh-rsa" = "rsa-sha2-512", modulusLength = 2048): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength });
  const hash = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512", "ssh-rsa": "sha1" }[algorithm];
  return {
    blob: Buffer.concat([wireString("ssh-rsa"), wireNumber(part(publicKey, "e")), wireNumber(part(publicKey, "n"))]),
    sign: (data) => Buffer.concat([wireString(algorithm), wireString(sign(hash, data, privateKey))]),
  };
}

export function curveKey(curve: keyof typeof CURVES): TestKey {
  const [namedCurve, hash] = CURVES[curve];
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve });
  const point = Buffer.concat([Buffer.from([4]), part(publicKey, "x"), part(publicKey, "y")]);
  return {
    blob: Buffer.concat([wireString(`ecdsa-sha2-${curve}`), wireString(curve), wireString(point)]),
    sign: (data) => {
      const both = sign(hash, data, { key: privateKey, dsaEncoding: "ieee-p1363" });
      const [r, s] = [both.subarray(0, both.length / 2), both.subarray(both.length / 2)];
      return Buffer.concat([wireString(`ecdsa-sha2-${curve}`), wireString(Buffer.concat([wireNumber(r), wireNumber(s)]))]);
    },
  };
}

function part(key: KeyObject, name: "x" | "y" | "e" | "n"): Buffer {
  return Buffer.from(key.export({ format: "jwk" })[name] ?? "", "base64url");
}

/** A positive number in its shortest form. */
function wireNumber(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = bytes.subarray(first);
  return wireString((short[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), short]) : short);
}
