export { closeDescriptor, duplicateDescriptor, fileIdentity, lockFile, type FileIdentity } from "./descriptors.ts";
export { SystemCallError } from "./libc.ts";
export { attachTree, cloneTree, mapTreeIds, unmount, type Place } from "./mounts.ts";
export { O_PATH, openBeneath, type OpenBeneath } from "./open-beneath.ts";
export { makePipe, type PipeEnds } from "./pipes.ts";
export { receiveDescriptors, type Received } from "./receive-descriptors.ts";
export { sendDescriptors } from "./send-descriptors.ts";
export {
  AF_INET,
  AF_UNIX,
  getSocketOption,
  IPPROTO_TCP,
  IPPROTO_UDP,
  networkNamespaceCookie,
  originalDestination,
  peerCredentials,
  resetConnection,
  setSocketOption,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type Credentials,
  type InternetAddress,
  type SocketOption,
} from "./socket-options.ts";
export { acceptConnection, listenUnix, MAX_SOCKET_PATH_BYTES, openSocket, peerAddress, receiveDatagram, sendDatagram, socketAddress } from "./sockets.ts";
export { watchReadable, type ReadableWatch } from "./watch-readable.ts";
