import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { connect as tlsConnect, type ConnectionOptions } from "node:tls";

function vector(width: 1 | 2 | 3, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(width);
  length.writeUIntBE(body.length, 0, width);
  return Buffer.concat([length, body]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function extension(type: number, body: Buffer): Buffer {
  return Buffer.concat([u16(type), vector(2, body)]);
}

export function serverName(...names: readonly string[]): Buffer {
  return extension(0, vector(2, ...names.map((name) => Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name, "latin1"))]))));
}

/** A ClientHello message without its records. */
export function helloMessage(extensions: readonly Buffer[] | undefined, extra: Buffer = Buffer.alloc(0)): Buffer {
  const body = [Buffer.from([3, 3]), Buffer.alloc(32, 7), vector(1, Buffer.alloc(32, 1)), vector(2, u16(0x1301)), vector(1, Buffer.from([0]))];
  return Buffer.concat([Buffer.from([1]), vector(3, ...body, ...(extensions === undefined ? [] : [vector(2, ...extensions)]), extra)]);
}

/** Put a message into handshake records of so many bytes each. */
export function records(message: Buffer, size = 16_384): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) out.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)));
  return Buffer.concat(out);
}

export function hello(...names: readonly string[]): Buffer {
  return records(helloMessage(names.length === 0 ? [] : [extension(0x0a0a, Buffer.alloc(0)), serverName(...names), extension(43, Buffer.from([2, 3, 4]))]));
}

/** What Node's own TLS sends first. */
export async function realHello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = tlsConnect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, ...options });
  client.on("error", () => {});
  try {
    const [socket] = (await once(server, "connection")) as [import("node:net").Socket];
    const [first] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    return first;
  } finally {
    client.destroy();
    server.close();
  }
}
