import { POD_DNS_ADDRESS, POD_TCP_PORT } from "@sbx/contracts";
import {
  AF_INET,
  AF_UNIX,
  getSocketOption,
  IPPROTO_TCP,
  IPPROTO_UDP,
  networkNamespaceCookie,
  peerAddress,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socketAddress,
  type InternetAddress,
} from "@sbx/syscalls";

const DNS_PORT = 53;
const LOOPBACK = "127.0.0.1";

/** The three sockets of a hello, known to be what they should be. */
export interface HelloSockets {
  readonly tcp: number;
  readonly dnsUdp: number;
  readonly dnsTcp: number;
  /** The network namespace of all three. */
  readonly cookie: bigint;
}

/** What is wrong with a descriptor, in a few words. */
export class DescriptorRefused extends Error {}

/**
 * Check the descriptors of a hello. Whether their namespace is one that may say hello is for the caller to say.
 *
 * @throws DescriptorRefused
 */
export function checkHello(descriptors: readonly number[]): HelloSockets {
  const [tcp, dnsUdp, dnsTcp, ...more] = descriptors;
  if (tcp === undefined || dnsUdp === undefined || dnsTcp === undefined || more.length > 0) throw new DescriptorRefused(`${descriptors.length} descriptors instead of three`);
  return refusing(() => {
    const cookies = new Set([
      checkListener(tcp, { address: LOOPBACK, port: POD_TCP_PORT }),
      checkDatagrams(dnsUdp, { address: POD_DNS_ADDRESS, port: DNS_PORT }),
      checkListener(dnsTcp, { address: POD_DNS_ADDRESS, port: DNS_PORT }),
    ]);
    expect(getSocketOption(tcp, "transparent") === 1, "the listener is not transparent");
    const [cookie, ...others] = cookies;
    expect(others.length === 0, "sockets of different namespaces");
    return { tcp, dnsUdp, dnsTcp, cookie: cookie ?? 0n };
  });
}

/** Check a socket that the gate dialled. @throws DescriptorRefused */
export function checkDialled(fd: number, port: number, cookie: bigint): void {
  refusing(() => {
    expect(checkInternet(fd, SOCK_STREAM) === cookie, "a connection of another namespace");
    expect(getSocketOption(fd, "acceptsConnections") === 0, "a listener instead of a connection");
    expectAddress(peerAddress(fd), { address: LOOPBACK, port });
  });
}

/** Check a listener that the gate opened on request. @throws DescriptorRefused */
export function checkListening(fd: number, port: number, cookie: bigint): void {
  refusing(() => {
    expect(checkInternet(fd, SOCK_STREAM) === cookie, "a listener of another namespace");
    expect(getSocketOption(fd, "acceptsConnections") === 1, "it does not listen");
    expectAddress(socketAddress(fd), { address: LOOPBACK, port });
  });
}

/** Check the connection of a workload's pid 1. @throws DescriptorRefused */
export function checkInit(fd: number, cookie: bigint): void {
  refusing(() => {
    expect(getSocketOption(fd, "domain") === AF_UNIX && getSocketOption(fd, "type") === SOCK_SEQPACKET, "another kind of socket");
    expect(getSocketOption(fd, "acceptsConnections") === 0, "a listener instead of a connection");
    expect(networkNamespaceCookie(fd) === cookie, "a connection of another namespace");
  });
}

function checkListener(fd: number, bound: InternetAddress): bigint {
  const cookie = checkInternet(fd, SOCK_STREAM);
  expect(getSocketOption(fd, "acceptsConnections") === 1, "it does not listen");
  checkBound(fd, bound);
  return cookie;
}

function checkDatagrams(fd: number, bound: InternetAddress): bigint {
  const cookie = checkInternet(fd, SOCK_DGRAM);
  checkBound(fd, bound);
  return cookie;
}

/** Bound there, and nobody else can be. */
function checkBound(fd: number, bound: InternetAddress): void {
  expectAddress(socketAddress(fd), bound);
  expect(getSocketOption(fd, "reuseAddress") === 0 && getSocketOption(fd, "reusePort") === 0, "others may bind beside it");
}

function checkInternet(fd: number, type: number): bigint {
  expect(getSocketOption(fd, "domain") === AF_INET, "not an IPv4 socket");
  expect(getSocketOption(fd, "type") === type, "another type of socket");
  expect(getSocketOption(fd, "protocol") === (type === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP), "another protocol");
  return networkNamespaceCookie(fd);
}

function expectAddress(is: InternetAddress | undefined, shall: InternetAddress): void {
  expect(is?.address === shall.address && is.port === shall.port, `at ${is?.address ?? "no address"}:${is?.port ?? 0} instead of ${shall.address}:${shall.port}`);
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new DescriptorRefused(otherwise);
}

/** What the system refuses to tell (it is no socket at all, for one) is refused too. */
function refusing<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof DescriptorRefused) throw error;
    throw new DescriptorRefused(error instanceof Error ? error.message : String(error));
  }
}
