import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import {
  acceptConnection,
  AF_INET,
  AF_UNIX,
  closeDescriptor,
  duplicateDescriptor,
  getSocketOption,
  listenUnix,
  networkNamespaceCookie,
  openSocket,
  peerCredentials,
  receiveDatagram,
  receiveDescriptors,
  sendDatagram,
  setSocketOption,
  SOCK_DGRAM,
  SOCK_STREAM,
  socketAddress,
  watchReadable,
} from "@sbx/syscalls";

/** Sends `count` descriptors of new TCP sockets and `bytes` with them, from another process. */
const SENDER = `
import array, socket, sys
path, count, bytes = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
made = [socket.socket() for _ in range(count)]
s = socket.socket(socket.AF_UNIX); s.connect(path)
s.sendmsg([bytes], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [m.fileno() for m in made]))] if count else [])
`;

async function received(count: number, bytes: string) {
  const directory = mkdtempSync(join(tmpdir(), "sbx-syscalls-"));
  const listener = listenUnix(join(directory, "s"), 5);
  try {
    const arrived = new Promise<void>((resolve) => {
      const watch = watchReadable(listener, () => {
        watch.close();
        resolve();
      });
    });
    const sender = spawn("python3", ["-c", SENDER, join(directory, "s"), String(count), bytes], { stdio: "inherit" });
    await arrived;
    const connection = acceptConnection(listener);
    if (connection === undefined) throw new Error("nobody connected");
    await once(sender, "exit");
    const credentials = peerCredentials(connection);
    const message = receiveDescriptors(connection, 64);
    const end = receiveDescriptors(connection, 64);
    closeDescriptor(connection);
    return { message, end, credentials };
  } finally {
    closeDescriptor(listener);
    rmSync(directory, { recursive: true });
  }
}

describe("descriptors", () => {
  it.for([0, 1, 3, 253])("receives %i with one message", async (count, { expect }) => {
    const { message, end, credentials } = await received(count, "hello");
    expect(message?.bytes.toString()).toBe("hello");
    expect(message?.descriptors).toHaveLength(count);
    for (const fd of message?.descriptors ?? []) {
      expect(getSocketOption(fd, "domain")).toBe(AF_INET);
      closeDescriptor(fd);
    }
    expect(end).toEqual({ bytes: Buffer.alloc(0), descriptors: [] });
    expect(credentials.uid).toBe(process.getuid?.());
  });

  it("says that nothing is there yet instead of waiting", ({ expect }) => {
    const listener = openSocket(AF_INET, SOCK_DGRAM);
    expect(receiveDescriptors(listener, 64)).toBeUndefined();
    closeDescriptor(listener);
  });
});

describe("sockets", () => {
  it("reads and writes options", ({ expect }) => {
    const fd = openSocket(AF_INET, SOCK_STREAM);
    setSocketOption(fd, "reuseAddress", 1);
    const copy = duplicateDescriptor(fd);
    expect([getSocketOption(copy, "reuseAddress"), getSocketOption(fd, "type"), getSocketOption(fd, "acceptsConnections")]).toEqual([1, SOCK_STREAM, 0]);
    closeDescriptor(copy);
    closeDescriptor(fd);
  });

  it("gives all sockets of one namespace the same cookie", ({ expect }) => {
    const one = openSocket(AF_INET, SOCK_STREAM);
    const two = openSocket(AF_UNIX, SOCK_STREAM);
    expect(networkNamespaceCookie(one)).toBe(networkNamespaceCookie(two));
    expect(networkNamespaceCookie(one)).toBeGreaterThan(0n);
    closeDescriptor(one);
    closeDescriptor(two);
  });

  it("names the error of the system", ({ expect }) => {
    expect(() => getSocketOption(0x7fff_0000, "type")).toThrow(expect.objectContaining({ code: "EBADF", errno: 9, syscall: "getsockopt" }));
  });

  it("sends and takes datagrams, and tells when none is there", ({ expect }) => {
    const one = openSocket(AF_INET, SOCK_DGRAM);
    const two = openSocket(AF_INET, SOCK_DGRAM);
    expect(receiveDatagram(one, Buffer.alloc(10))).toBeUndefined();
    sendDatagram(two, Buffer.from("x"), { address: "127.0.0.1", port: 9 });
    expect(socketAddress(two)?.port).toBeGreaterThan(0);
    const to = socketAddress(two);
    if (to === undefined) throw new Error("not bound");
    sendDatagram(one, Buffer.from("hello"), { address: "127.0.0.1", port: to.port });
    expect(receiveDatagram(two, Buffer.alloc(3))?.bytes.toString()).toBe("hel");
    closeDescriptor(one);
    closeDescriptor(two);
  });

  it("wakes for each connection until it is paused", async ({ expect }) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    server.close();
    const directory = mkdtempSync(join(tmpdir(), "sbx-syscalls-"));
    const path = join(directory, "s");
    const listener = listenUnix(path, 5);
    let calls = 0;
    const watch = watchReadable(listener, () => {
      calls += 1;
      watch.pause();
    });
    const client = spawn("python3", ["-c", SENDER, path, "0", "x"]);
    await once(client, "exit");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBe(1);
    watch.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBe(2);
    watch.close();
    closeDescriptor(listener);
    rmSync(directory, { recursive: true });
  });
});
