import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

/** Where the key lies that opens a vault. */
export type KeyPlace = "file" | "keychain";

/** What stands before the encrypted part, and is authenticated with it. */
export interface SealedHeader {
  readonly place: KeyPlace;
  /** Tells keys apart; see {@link keyIdOf}. */
  readonly keyId: string;
}

/** The bytes are not those that were written: cut, changed, or no vault at all. */
export class NotSealed extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "NotSealed" });
  }
}

export const KEY_BYTES = 32;
const MAGIC = Buffer.from("sbxvault");
const VERSION = 1;
const PLACES: readonly KeyPlace[] = ["file", "keychain"];
const ID_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PLACE_AT = MAGIC.length + 1;
const ID_AT = PLACE_AT + 1;
const NONCE_AT = ID_AT + ID_BYTES;
const BODY_AT = NONCE_AT + NONCE_BYTES;

/** A name for a key that tells nothing of it. */
export function keyIdOf(key: Uint8Array): string {
  return createHmac("sha256", key)
    .update("sbx vault key id")
    .digest("hex")
    .slice(0, ID_BYTES * 2);
}

/**
 * Encrypt one document: magic, version, place of the key, its id, nonce, AES-256-GCM of the text, tag. Everything before the
 * text is authenticated too, so that no byte can be changed, and no part taken from another file.
 */
export function seal(text: string, { key, place, nonce }: { readonly key: Uint8Array; readonly place: KeyPlace; readonly nonce: Uint8Array }): Buffer {
  const head = Buffer.concat([MAGIC, Buffer.from([VERSION, PLACES.indexOf(place)]), Buffer.from(keyIdOf(key), "hex"), nonce]);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(head);
  return Buffer.concat([head, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
}

/** Read what says where the key is. Nothing of it is certain before {@link unseal}. @throws NotSealed */
export function readHeader(bytes: Buffer): SealedHeader {
  if (bytes.length < BODY_AT + TAG_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new NotSealed("it is no vault, or only a part of one");
  const version = bytes[MAGIC.length];
  if (version !== VERSION) throw new NotSealed(`its format has version ${version}, and this program knows ${VERSION}`);
  const place = PLACES[bytes[PLACE_AT] ?? PLACES.length];
  if (place === undefined) throw new NotSealed("it does not say where its key is");
  return { place, keyId: bytes.toString("hex", ID_AT, NONCE_AT) };
}

/** Decrypt what {@link seal} made. @throws NotSealed when a single bit differs */
export function unseal(bytes: Buffer, key: Uint8Array): string {
  readHeader(bytes);
  const body = bytes.subarray(BODY_AT, bytes.length - TAG_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(NONCE_AT, BODY_AT), { authTagLength: TAG_BYTES })
    .setAAD(bytes.subarray(0, BODY_AT))
    .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
  } catch {
    throw new NotSealed("its content was changed");
  }
}
