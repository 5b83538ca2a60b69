/**
 * What gate and daemon say to each other, over a unix stream socket in the pod's own directory.
 *
 * The gate connects. Every message *to the daemon* is one connection, one `sendmsg` of {@link DELIVERY_BYTES} bytes with
 * the descriptors it announces; the connection of the `hello` stays open and carries requests the other way. Nothing
 * else is ever sent. Numbers are big-endian.
 *
 * delivery: "SBXG" · version u8 · kind u8 · flags u16 · id u32 · errno u32
 * request: op u8 · 0 u8 · port u16 · id u32
 */
export const GATE_SOCKET = "gate.sock";
/** Version of this protocol; a delivery that carries another is no delivery. */
export const GATE_VERSION = 1;
/** Length of every message from the gate to the daemon, in bytes. */
export const DELIVERY_BYTES = 16;
/** Length of every request from the daemon to the gate, in bytes. */
export const REQUEST_BYTES = 8;
/** Most requests that a gate keeps waiting at once; a further one fails with EAGAIN. */
export const GATE_MAX_PENDING = 64;
/** How long a gate waits for a dial before it answers ETIMEDOUT, in milliseconds. */
export const GATE_DIAL_TIMEOUT_MS = 5000;
/** Where the gate listens for every TCP port of every address. */
export const POD_TCP_PORT = 15001;
/** Where the pod's DNS is. */
export const POD_DNS_ADDRESS = "127.0.0.53";

const MAGIC = 0x53425847;

/** What a gate announces, by kind; {@link DELIVERY_DESCRIPTORS} says how many descriptors come with each. */
export type Delivery =
  /** Three descriptors: TCP listener, DNS over UDP, DNS over TCP. */
  | { readonly kind: "hello"; readonly intercept: "tproxy" | "redirect" }
  /** One descriptor: a socket connected to 127.0.0.1:port in the pod. */
  | { readonly kind: "dialled"; readonly id: number }
  /** One descriptor: a socket that listens on 127.0.0.1:port in the pod. */
  | { readonly kind: "listening"; readonly id: number }
  /** No descriptor. */
  | { readonly kind: "failed"; readonly id: number; readonly errno: number }
  /** One descriptor: the connection of the workload's pid 1, for each daemon again. */
  | { readonly kind: "init" };

/** How many descriptors belong to each kind of delivery. */
export const DELIVERY_DESCRIPTORS = { hello: 3, dialled: 1, listening: 1, failed: 0, init: 1 } as const satisfies Record<Delivery["kind"], number>;

/** Read a delivery; `undefined` for anything that is not exactly one. */
export function decodeDelivery(bytes: Uint8Array): Delivery | undefined {
  if (bytes.byteLength !== DELIVERY_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC || view.getUint8(4) !== GATE_VERSION) return undefined;
  const id = view.getUint32(8);
  const errno = view.getUint32(12);
  const kind = view.getUint8(5);
  if (kind === 1 || kind === 5) return id === 0 && errno === 0 ? unasked(kind, view.getUint16(6)) : undefined;
  switch (kind) {
    case 2:
      return { kind: "dialled", id };
    case 3:
      return { kind: "listening", id };
    case 4:
      return { kind: "failed", id, errno };
    default:
      return undefined;
  }
}

/** What a gate says without having been asked. */
function unasked(kind: 1 | 5, flags: number): Delivery | undefined {
  if (kind === 5) return flags === 0 ? { kind: "init" } : undefined;
  return flags <= 1 ? { kind: "hello", intercept: flags === 1 ? "tproxy" : "redirect" } : undefined;
}

/** Asks a gate to dial or to listen on a port (1 to 65535) of the pod's loopback; `id` (not 0) comes back in the answer. */
export type GateRequest = { readonly op: "dial" | "listen"; readonly port: number; readonly id: number };

/** Write a request. `port` is 1 to 65535, `id` an unsigned 32-bit number that is not 0. */
export function encodeGateRequest({ op, port, id }: GateRequest): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, op === "dial" ? 1 : 2);
  view.setUint16(2, port);
  view.setUint32(4, id);
  return bytes;
}
