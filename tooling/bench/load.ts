// The load generator: one file without dependencies, so that the same program runs inside a sandbox and outside.
// Usage: node load.ts MODE HOST PORT [PROXY-PORT]; prints one number. The modes are at the end of this file.
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";

const CONNECTIONS = 100;
const ROUND_TRIPS = 2000;
const NEW_CONNECTIONS = 2000;
const BULK_BYTES = 256 << 20;
const MANY = 64;
/** Nothing here may take longer. */
const LONGEST_MS = 60_000;

const [mode = "", host = "", port = "", proxyPort] = process.argv.slice(2);
setTimeout(() => {
  throw new Error(`${mode} took over ${LONGEST_MS} ms`);
}, LONGEST_MS).unref();

async function open(address = host): Promise<Socket> {
  const socket = connect({ host: proxyPort === undefined ? address : "127.0.0.1", port: Number(proxyPort ?? port), family: 4, noDelay: true });
  if (proxyPort === undefined) return socket;
  socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const head = await headOf(socket);
  if (!/^HTTP\/1\.[01] 200/.test(head)) throw new Error(`the proxy said ${head.split("\r\n")[0]}`);
  return socket;
}

/** A proxy's answer may come in pieces, and nothing comes after it before something is sent. */
async function headOf(socket: Socket): Promise<string> {
  let head = "";
  while (!head.endsWith("\r\n\r\n")) head += (await next(socket)).toString("latin1");
  return head;
}

async function next(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off("error", onEnd).off("close", onEnd).off("data", onData);
    };
    const onEnd = (reason?: unknown): void => {
      stop();
      reject(reason instanceof Error ? reason : new Error("the connection was closed"));
    };
    const onData = (chunk: Buffer): void => {
      stop();
      resolve(chunk);
    };
    socket.on("error", onEnd).on("close", onEnd).on("data", onData);
  });
}

/** The value below which such a share of all lies. */
function quantileOf(values: readonly number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}

/** Do something in so many lanes at once. */
async function inLanes(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}

/** Milliseconds from asking for the name to the first byte of the other side, median. */
async function timeConnects(): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < CONNECTIONS; count += 1) {
    const began = performance.now();
    const socket = await open();
    socket.write("1");
    await next(socket);
    times.push(performance.now() - began);
    socket.destroy();
  }
  return quantileOf(times, 0.5);
}

/** New connections in a second, each with a byte there and back, eight at a time. The name is asked for once, as by a client that pools. */
async function countConnections(): Promise<number> {
  const { address } = await lookup(host, 4);
  let left = NEW_CONNECTIONS;
  const began = performance.now();
  await inLanes(8, async () => {
    while (left > 0) {
      left -= 1;
      const socket = await open(address);
      socket.write("1");
      await next(socket);
      socket.destroy();
    }
  });
  return (NEW_CONNECTIONS * 1000) / (performance.now() - began);
}

/** Microseconds from one byte sent to one byte back, on so many connections at once. */
async function timeRoundTrips(connections: number, share: number): Promise<number> {
  const times: number[] = [];
  const sockets = await Promise.all(Array.from({ length: connections }, () => open()));
  const each = ROUND_TRIPS / (connections === 1 ? 1 : 8);
  const trips = async (socket: Socket): Promise<void> => {
    for (let count = 0; count < each; count += 1) {
      const began = performance.now();
      socket.write("1");
      await next(socket);
      times.push((performance.now() - began) * 1000);
    }
    socket.destroy();
  };
  await Promise.all(sockets.map(trips));
  return quantileOf(times, share);
}

/** Megabytes in a second that come from the server, on so many connections at once. */
async function measureBulk(connections: number): Promise<number> {
  const each = BULK_BYTES / connections;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open()));
  const began = performance.now();
  await Promise.all(sockets.map(async (socket) => receive(socket, each)));
  return BULK_BYTES / 1e3 / (performance.now() - began);
}

async function receive(socket: Socket, wanted: number): Promise<void> {
  let bytes = 0;
  socket.write(`bulk ${wanted}\n`);
  await new Promise((resolve, reject) => {
    socket
      .on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
      })
      .on("end", resolve)
      .on("error", reject);
  });
  if (bytes !== wanted) throw new Error(`${bytes} bytes came instead of ${wanted}`);
}

const modes: Readonly<Record<string, () => Promise<number>>> = {
  connect: timeConnects,
  connections: countConnections,
  "round-trip": async () => timeRoundTrips(1, 0.5),
  "round-trip-p99": async () => timeRoundTrips(1, 0.99),
  "round-trip-64": async () => timeRoundTrips(MANY, 0.5),
  "round-trip-64-p99": async () => timeRoundTrips(MANY, 0.99),
  bulk: async () => measureBulk(1),
  "bulk-8": async () => measureBulk(8),
};
const measure = modes[mode];
if (measure === undefined) throw new Error(`there is no mode "${mode}"`);
// Not by process.exit(), in which Node has been seen to hang after a burst of data: the program ends when nothing is open.
process.stdout.write(`${await measure()}\n`);
