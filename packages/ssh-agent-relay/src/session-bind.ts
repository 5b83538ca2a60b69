import { isSignedBy } from "./host-key.ts";
import { readWhole } from "./wire-reader.ts";

/** A session's id is a hash, of SHA-512 at most: so a host's signature over anything longer is none over an id. */
const MAX_SESSION_ID_BYTES = 64;

/** To which session of SSH a connection belongs, and which host proved that it is its other end. */
export interface SessionBind {
  readonly hostKey: Buffer;
  readonly sessionId: Buffer;
  readonly signature: Buffer;
  /** Another machine asks, through that session. */
  readonly isForwarding: boolean;
}

/** Read what follows the extension's name. */
export function readSessionBind(payload: Buffer): SessionBind | undefined {
  return readWhole(payload, (reader) => ({ hostKey: reader.string(), sessionId: reader.string(), signature: reader.string(), isForwarding: reader.boolean() }));
}

/** Whether the host signed the id of the session. */
export function isProved({ hostKey, sessionId, signature }: SessionBind): boolean {
  return sessionId.length > 0 && sessionId.length <= MAX_SESSION_ID_BYTES && isSignedBy(hostKey, { data: sessionId, signature });
}

export function isSameBind(one: SessionBind, other: SessionBind): boolean {
  return one.isForwarding === other.isForwarding && one.hostKey.equals(other.hostKey) && one.sessionId.equals(other.sessionId);
}
