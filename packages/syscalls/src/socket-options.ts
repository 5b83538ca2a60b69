import { isIPv4 } from "node:net";
import { closeDescriptor } from "./descriptors.ts";
import { libcFunction, must } from "./libc.ts";

const SOL_IP = 0;
const SOL_SOCKET = 1;

/** Options of one whole number: [level, option]. The numbers are the same on x64 and arm64. */
const OPTIONS = {
  reuseAddress: [SOL_SOCKET, 2],
  type: [SOL_SOCKET, 3],
  error: [SOL_SOCKET, 4],
  reusePort: [SOL_SOCKET, 15],
  acceptsConnections: [SOL_SOCKET, 30],
  protocol: [SOL_SOCKET, 38],
  domain: [SOL_SOCKET, 39],
  transparent: [SOL_IP, 19],
} as const satisfies Record<string, readonly [number, number]>;
/** Options of a socket whose value is one whole number; `acceptsConnections`, `domain`, `error`, `protocol` and `type` can only be read. */
export type SocketOption = keyof typeof OPTIONS;

const SO_LINGER = 13;
const SO_PEERCRED = 17;
const SO_NETNS_COOKIE = 71;
const SO_ORIGINAL_DST = 80;

/** Value of `domain`: unix sockets. */
export const AF_UNIX = 1;
/** Value of `domain`: IPv4. */
export const AF_INET = 2;
/** Value of `type`: a stream, such as TCP. */
export const SOCK_STREAM = 1;
/** Value of `type`: datagrams, such as UDP. */
export const SOCK_DGRAM = 2;
/** Value of `type`: whole messages over a connection. */
export const SOCK_SEQPACKET = 5;
/** Value of `protocol`: TCP. */
export const IPPROTO_TCP = 6;
/** Value of `protocol`: UDP. */
export const IPPROTO_UDP = 17;

const getsockopt = libcFunction<(fd: number, level: number, option: number, value: Buffer, length: Buffer) => number>("int getsockopt(int fd, int level, int option, void *value, void *length)");
const setsockopt = libcFunction<(fd: number, level: number, option: number, value: Buffer, length: number) => number>(
  "int setsockopt(int fd, int level, int option, const void *value, uint32_t length)",
);

/** Read an option of a socket. @throws SystemCallError, `ENOTSOCK` for what is no socket */
export function getSocketOption(fd: number, name: SocketOption): number {
  const [level, option] = OPTIONS[name];
  return read(fd, [level, option], 4).readInt32LE();
}

/** Set an option of a socket to a whole number; 1 and 0 turn a switch on and off. @throws SystemCallError */
export function setSocketOption(fd: number, name: SocketOption, number: number): void {
  const [level, option] = OPTIONS[name];
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  must("setsockopt", () => setsockopt(fd, level, option, value, value.byteLength));
}

/** Close a TCP connection so that its peer sees a reset, and forget what was not sent. Never throws. */
export function resetConnection(fd: number): void {
  const linger = Buffer.alloc(8);
  linger.writeInt32LE(1, 0);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, linger.byteLength);
  closeDescriptor(fd);
}

/** Which network namespace a socket belongs to; never 0, never given twice until the next boot. Linux 5.14. @throws SystemCallError */
export function networkNamespaceCookie(fd: number): bigint {
  return read(fd, [SOL_SOCKET, SO_NETNS_COOKIE], 8).readBigUInt64LE();
}

/** Who is at the other end of a unix socket, in the ids of this process's namespaces. */
export interface Credentials {
  /** 0 when the peer lives in a pid namespace that this process does not see. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who made the other end of a unix socket, at the time it connected. @throws SystemCallError */
export function peerCredentials(fd: number): Credentials {
  const value = read(fd, [SOL_SOCKET, SO_PEERCRED], 12);
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/** An IPv4 address and a port. */
export interface InternetAddress {
  /** Dotted IPv4. */
  readonly address: string;
  readonly port: number;
}

/** Where a connection was going before the kernel's REDIRECT. @throws SystemCallError, `ENOENT` when it was not redirected */
export function originalDestination(fd: number): InternetAddress | undefined {
  return internetAddress(read(fd, [SOL_IP, SO_ORIGINAL_DST], 16));
}

/** Read a `sockaddr_in`; `undefined` for every other family. */
export function internetAddress(bytes: Buffer): InternetAddress | undefined {
  if (bytes.byteLength < 8 || bytes.readUInt16LE(0) !== AF_INET) return undefined;
  return { address: bytes.subarray(4, 8).join("."), port: bytes.readUInt16BE(2) };
}

/** Write a `sockaddr_in`. */
export function internetAddressBytes({ address, port }: InternetAddress): Buffer {
  if (!isIPv4(address)) throw new Error(`"${address}" is no IPv4 address`);
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split(".").map(Number), 4);
  return bytes;
}

function read(fd: number, [level, option]: readonly [number, number], size: number): Buffer {
  const value = Buffer.alloc(size);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(size);
  must("getsockopt", () => getsockopt(fd, level, option, value, length));
  if (length.readUInt32LE() !== size) throw new Error(`a socket option of ${size} bytes has ${length.readUInt32LE()}`);
  return value;
}
