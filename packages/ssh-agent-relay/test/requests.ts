import { createHmac, randomBytes } from "node:crypto";
import { wireString, wireUint32 } from "../src/write-wire.ts";
import type { TestKey } from "./host-keys.ts";
import { PERSON_KEY } from "./relay-lab.ts";

/** Body of a request to sign `data`. */
export function signBody(data: Buffer, { key = PERSON_KEY, flags = 0 }: { readonly key?: Buffer; readonly flags?: number } = {}): Buffer {
  return Buffer.concat([wireString(key), wireString(data), wireUint32(flags)]);
}

/** What `ssh-keygen -Y sign -n NAMESPACE` has signed. */
export function signatureData(namespace: string, { hash = "sha512", bytes = 64, reserved = "" } = {}): Buffer {
  return Buffer.concat([Buffer.from("SSHSIG"), wireString(namespace), wireString(reserved), wireString(hash), wireString(Buffer.alloc(bytes, 7))]);
}

export interface LoginOptions {
  readonly sessionId?: Buffer;
  readonly user?: string;
  readonly number?: number;
  readonly service?: string;
  readonly signed?: number;
  readonly algorithm?: string;
  readonly key?: Buffer;
  /** Bound to this host's key. */
  readonly hostKey?: Buffer;
}

export const SESSION = Buffer.alloc(32, 9);

/** What a client of SSH has signed to be let in. */
export function loginData({ sessionId = SESSION, user = "git", number = 50, service = "ssh-connection", signed = 1, algorithm = "ssh-ed25519", key = PERSON_KEY, hostKey }: LoginOptions = {}): Buffer {
  const method = hostKey === undefined ? "publickey" : "publickey-hostbound-v00@openssh.com";
  return Buffer.concat([
    wireString(sessionId),
    Buffer.from([number]),
    ...[user, service, method].map(wireString),
    Buffer.from([signed]),
    wireString(algorithm),
    wireString(key),
    ...(hostKey === undefined ? [] : [wireString(hostKey)]),
  ]);
}

/** Body of the extension that binds a connection to a session of a host. */
export function bindBody(
  host: TestKey,
  { sessionId = SESSION, signature = host.sign(sessionId), forwarding = 0 }: { readonly sessionId?: Buffer; readonly signature?: Buffer; readonly forwarding?: number } = {},
): Buffer {
  return Buffer.concat([wireString("session-bind@openssh.com"), wireString(host.blob), wireString(sessionId), wireString(signature), Buffer.from([forwarding])]);
}

/** A line of a file of known hosts. */
export function knownHost(hosts: string, { blob }: TestKey, marker = ""): string {
  return `${marker}${marker === "" ? "" : " "}${hosts} ${blob.subarray(4, 4 + blob.readUInt32BE()).toString()} ${blob.toString("base64")} comment\n`;
}

export function hashedName(host: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(host).digest("base64")}`;
}
