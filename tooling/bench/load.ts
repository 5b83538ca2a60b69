// The load generator: one file without dependencies, so that the same program runs inside a sandbox and outside.
// Usage: node load.ts (connect|round-trip|bulk) HOST PORT [PROXY-PORT]; prints one number.
import { connect, type Socket } from "node:net";

const CONNECTIONS = 100;
const ROUND_TRIPS = 2000;
const BULK_BYTES = 256 << 20;
/** Nothing here may take longer. */
const LONGEST_MS = 30_000;

const [mode = "", host = "", port = "", proxyPort] = process.argv.slice(2);
setTimeout(() => {
  throw new Error(`${mode} took over ${LONGEST_MS} ms`);
}, LONGEST_MS).unref();

async function open(): Promise<Socket> {
  const socket = connect({ host: proxyPort === undefined ? host : "127.0.0.1", port: Number(proxyPort ?? port), family: 4, noDelay: true });
  if (proxyPort === undefined) return socket;
  socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const head = (await next(socket)).toString("latin1");
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`the proxy said ${head.split("\r\n")[0]}`);
  return socket;
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

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
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
  return medianOf(times);
}

/** Microseconds from one byte sent to one byte back on one connection, median. */
async function timeRoundTrips(): Promise<number> {
  const socket = await open();
  const times: number[] = [];
  for (let count = 0; count < ROUND_TRIPS; count += 1) {
    const began = performance.now();
    socket.write("1");
    await next(socket);
    times.push((performance.now() - began) * 1000);
  }
  socket.destroy();
  return medianOf(times);
}

/** Megabytes in a second that come from the server on one connection. */
async function measureBulk(): Promise<number> {
  const socket = await open();
  let bytes = 0;
  const began = performance.now();
  socket.write(`bulk ${BULK_BYTES}\n`);
  await new Promise((resolve, reject) => {
    socket
      .on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
      })
      .on("end", resolve)
      .on("error", reject);
  });
  if (bytes !== BULK_BYTES) throw new Error(`${bytes} bytes came instead of ${BULK_BYTES}`);
  return bytes / 1e3 / (performance.now() - began);
}

const modes: Readonly<Record<string, () => Promise<number>>> = { connect: timeConnects, "round-trip": timeRoundTrips, bulk: measureBulk };
const measure = modes[mode];
if (measure === undefined) throw new Error(`there is no mode "${mode}"`);
// Not by process.exit(), in which Node has been seen to hang after a burst of data: the program ends when nothing is open.
process.stdout.write(`${await measure()}\n`);
