import type { Socket } from "node:net";
import { peerCredentials } from "@sbx/syscalls";

/** Who is at the other end of a connection. Node tells the descriptor of a socket only through its handle; without one the mode of the socket alone guards. */
export function peerUidOf(socket: object): number | undefined {
  const handle: unknown = "_handle" in socket ? socket._handle : undefined;
  const descriptor: unknown = typeof handle === "object" && handle !== null && "fd" in handle ? handle.fd : undefined;
  return typeof descriptor === "number" && descriptor >= 0 ? peerCredentials(descriptor).uid : undefined;
}

/** Whether this user's own process is at the other end. One whose user cannot be told is not, where the kernel tells. */
export function isOwnPeer(socket: Socket, uid: number, peerUid: (socket: Socket) => number | undefined = peerUidOf): boolean {
  try {
    const peer = peerUid(socket);
    return peer === uid || (peer === undefined && process.platform !== "linux");
  } catch {
    return false;
  }
}
