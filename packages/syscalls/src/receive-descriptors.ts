import { closeDescriptor } from "./descriptors.ts";
import { libcFunction, mayWait } from "./libc.ts";
import { messageHeader, messageLayout, RIGHTS_HEADER_BYTES, SCM_RIGHTS, SOL_SOCKET } from "./message-header.ts";

/** One message of a unix socket, with the descriptors that came along. */
export interface Received {
  /** What was sent, cut at `limit` bytes. Empty at the end of the stream. */
  readonly bytes: Buffer;
  /** Descriptors that came with it; they are the caller's now, to use or to close. */
  readonly descriptors: readonly number[];
}

const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MSG_CTRUNC = 0x8;
/** Room for 253 descriptors, the most that one message of Linux carries, so that none is ever cut off. */
const CONTROL_BYTES = RIGHTS_HEADER_BYTES + 256 * 4;

const recvmsg = libcFunction<(fd: number, message: Buffer, flags: number) => number>("intptr_t recvmsg(int fd, void *message, int flags)");

/**
 * Read one message and the descriptors that came with it, without waiting.
 *
 * `undefined` when nothing is there yet. Descriptors are close-on-exec. A message whose descriptors could not all be
 * taken (this process is at its limit) comes without any: those that arrived are closed, and the call throws.
 *
 * @throws SystemCallError
 */
export function receiveDescriptors(fd: number, limit: number): Received | undefined {
  const bytes = Buffer.alloc(limit);
  const control = Buffer.alloc(CONTROL_BYTES);
  const { header, vector } = messageHeader(bytes, control);
  const length = mayWait("recvmsg", () => recvmsg(fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (length === undefined || vector.length === 0) return undefined;
  const layout = messageLayout();
  const controlLength = Number(header.readBigUInt64LE(layout?.["controlLength"]?.offset));
  const flags = header.readInt32LE(layout?.["flags"]?.offset);
  const descriptors = rightsIn(control.subarray(0, controlLength));
  if ((flags & MSG_CTRUNC) !== 0) {
    for (const descriptor of descriptors) closeDescriptor(descriptor);
    throw new Error("a message lost descriptors: this process is at its limit of open files");
  }
  return { bytes: bytes.subarray(0, length), descriptors };
}

/** Walk the control messages: length u64, level i32, type i32, data, padded to 8. */
function rightsIn(control: Buffer): number[] {
  const descriptors: number[] = [];
  for (let at = 0; at + RIGHTS_HEADER_BYTES <= control.byteLength;) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < RIGHTS_HEADER_BYTES) break;
    const end = Math.min(at + length, control.byteLength);
    if (control.readInt32LE(at + 8) === SOL_SOCKET && control.readInt32LE(at + 12) === SCM_RIGHTS) {
      for (let each = at + RIGHTS_HEADER_BYTES; each + 4 <= end; each += 4) descriptors.push(control.readInt32LE(each));
    }
    at += (length + 7) & ~7;
  }
  return descriptors;
}
