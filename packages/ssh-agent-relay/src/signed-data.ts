import { Malformed, readWhole, type WireReader } from "./wire-reader.ts";

/** What is to be signed, where it is one of the two things that bounded grants know. */
export type SignedData = { readonly kind: "signature"; readonly namespace: string } | LoginRequest;

/** A request to be let in, as SSH signs it (RFC 4252, section 7; OpenSSH's PROTOCOL, section 2.6). */
export interface LoginRequest {
  readonly kind: "login";
  readonly sessionId: Buffer;
  readonly user: string;
  readonly algorithm: string;
  readonly key: Buffer;
  /** Key of the host that is asked, where the client says so. */
  readonly hostKey: Buffer | undefined;
}

const MAGIC = Buffer.from("SSHSIG");
const HASH_BYTES: ReadonlyMap<string, number> = new Map([
  ["sha256", 32],
  ["sha512", 64],
]);
const USERAUTH_REQUEST = 50;
const HOST_BOUND = "publickey-hostbound-v00@openssh.com";

/** Tell what the bytes are as a whole; `undefined` for anything else. The two cannot be mistaken: a request begins with a length, whose first byte is none of the other's. */
export function readSignedData(data: Buffer): SignedData | undefined {
  return data.subarray(0, MAGIC.length).equals(MAGIC) ? readWhole(data.subarray(MAGIC.length), readSignature) : readWhole(data, readLogin);
}

function readSignature(reader: WireReader): SignedData {
  const namespace = reader.name();
  const reserved = reader.string();
  const algorithm = reader.name();
  const hash = reader.string();
  if (reserved.length > 0 || hash.length !== HASH_BYTES.get(algorithm)) throw new Malformed("no signature of OpenSSH's form");
  return { kind: "signature", namespace };
}

function readLogin(reader: WireReader): SignedData {
  const sessionId = reader.string();
  const number = reader.byte();
  const [user, service, method] = [reader.name(), reader.name(), reader.name()];
  const isSigned = reader.boolean();
  const isBound = method === HOST_BOUND;
  if (number !== USERAUTH_REQUEST || service !== "ssh-connection" || !isSigned || (method !== "publickey" && !isBound)) throw new Malformed("no request to be let in");
  const [algorithm, key] = [reader.name(), reader.string()];
  return { kind: "login", sessionId, user, algorithm, key, hostKey: isBound ? reader.string() : undefined };
}
