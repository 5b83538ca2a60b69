import { closeDescriptor } from "./descriptors.ts";
import { libcFunction, mayWait, must } from "./libc.ts";
import { AF_UNIX, internetAddress, internetAddressBytes, SOCK_STREAM, type InternetAddress } from "./socket-options.ts";

const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Size of `sockaddr_un.sun_path`, the ending zero included. */
export const MAX_SOCKET_PATH_BYTES = 108;

type NameCall = (fd: number, address: Buffer, length: Buffer) => number;
const socket = libcFunction<(domain: number, type: number, protocol: number) => number>("int socket(int domain, int type, int protocol)");
const bind = libcFunction<(fd: number, address: Buffer, length: number) => number>("int bind(int fd, const void *address, uint32_t length)");
const listen = libcFunction<(fd: number, backlog: number) => number>("int listen(int fd, int backlog)");
const accept4 = libcFunction<(fd: number, address: null, length: null, flags: number) => number>("int accept4(int fd, void *address, void *length, int flags)");
const getsockname = libcFunction<NameCall>("int getsockname(int fd, void *address, void *length)");
const getpeername = libcFunction<NameCall>("int getpeername(int fd, void *address, void *length)");
const recvfrom = libcFunction<(fd: number, data: Buffer, size: number, flags: number, address: Buffer, length: Buffer) => number>(
  "intptr_t recvfrom(int fd, void *data, size_t size, int flags, void *address, void *length)",
);
const sendto = libcFunction<(fd: number, data: Uint8Array, size: number, flags: number, address: Buffer, length: number) => number>(
  "intptr_t sendto(int fd, const void *data, size_t size, int flags, const void *address, uint32_t length)",
);

/** A new socket of this process's own network namespace, non-blocking and close-on-exec. @throws SystemCallError */
export function openSocket(domain: number, type: number): number {
  return must("socket", () => socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/** Listen on a unix socket whose file must not exist yet. @throws SystemCallError */
export function listenUnix(path: string, backlog: number): number {
  const name = Buffer.from(path);
  if (name.byteLength >= MAX_SOCKET_PATH_BYTES || name.includes(0)) throw new Error(`"${path}" is no path for a socket`);
  const address = Buffer.alloc(2 + name.byteLength + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  const fd = openSocket(AF_UNIX, SOCK_STREAM);
  try {
    must("bind", () => bind(fd, address, address.byteLength));
    must("listen", () => listen(fd, backlog));
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** Take the next connection, non-blocking and close-on-exec; `undefined` when none waits. @throws SystemCallError */
export function acceptConnection(fd: number): number | undefined {
  return mayWait("accept4", () => accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

/** Where a socket is bound; `undefined` for what is not IPv4. @throws SystemCallError */
export function socketAddress(fd: number): InternetAddress | undefined {
  return nameOf("getsockname", getsockname, fd);
}

/** Where a socket is connected; `undefined` for what is not IPv4. @throws SystemCallError, `ENOTCONN` */
export function peerAddress(fd: number): InternetAddress | undefined {
  return nameOf("getpeername", getpeername, fd);
}

/** Take one datagram, cut at the size of `into`, without waiting; `undefined` when none waits. @throws SystemCallError */
export function receiveDatagram(fd: number, into: Buffer): { readonly bytes: Buffer; readonly from: InternetAddress | undefined } | undefined {
  const address = Buffer.alloc(16);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(address.byteLength);
  const length = mayWait("recvfrom", () => recvfrom(fd, into, into.byteLength, MSG_DONTWAIT, address, size));
  return length === undefined ? undefined : { bytes: into.subarray(0, length), from: internetAddress(address) };
}

/** Send one datagram; false where the kernel has no room for it now. @throws SystemCallError */
export function sendDatagram(fd: number, bytes: Uint8Array, to: InternetAddress): boolean {
  const address = internetAddressBytes(to);
  return mayWait("sendto", () => sendto(fd, bytes, bytes.byteLength, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.byteLength)) !== undefined;
}

function nameOf(syscall: string, call: NameCall, fd: number): InternetAddress | undefined {
  const address = Buffer.alloc(128);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.byteLength);
  must(syscall, () => call(fd, address, length));
  return internetAddress(address.subarray(0, Math.min(length.readUInt32LE(), address.byteLength)));
}
