import { libcFunction, mayWait } from "./libc.ts";
import { messageHeader, RIGHTS_HEADER_BYTES, SCM_RIGHTS, SOL_SOCKET } from "./message-header.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

const sendmsg = libcFunction<(fd: number, message: Buffer, flags: number) => number>("intptr_t sendmsg(int fd, const void *message, int flags)");

/**
 * Send one message of a unix socket that keeps messages whole, with descriptors (at most 253), which stay the caller's.
 *
 * @returns false where the kernel has no room for it now. @throws SystemCallError
 */
export function sendDescriptors(fd: number, bytes: Uint8Array, descriptors: readonly number[]): boolean {
  const control = Buffer.alloc(descriptors.length === 0 ? 0 : RIGHTS_HEADER_BYTES + ((descriptors.length * 4 + 7) & ~7));
  if (descriptors.length > 0) {
    control.writeBigUInt64LE(BigInt(RIGHTS_HEADER_BYTES + descriptors.length * 4));
    control.writeInt32LE(SOL_SOCKET, 8);
    control.writeInt32LE(SCM_RIGHTS, 12);
    descriptors.forEach((descriptor, index) => control.writeInt32LE(descriptor, RIGHTS_HEADER_BYTES + index * 4));
  }
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { header, vector } = messageHeader(data, control);
  return vector.length > 0 && mayWait("sendmsg", () => sendmsg(fd, header, MSG_DONTWAIT | MSG_NOSIGNAL)) !== undefined;
}
