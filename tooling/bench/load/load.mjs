// The load generator: one file without dependencies, so that the same program runs inside a sandbox and outside.
// Usage: node load.mjs (connect|round-trip|bulk) HOST PORT [PROXY-PORT]; prints one number.
import { connect } from "node:net";

const CONNECTIONS = 100;
const ROUND_TRIPS = 2000;
const BULK_BYTES = 256 << 20;
/** Nothing here may take longer. */
const LONGEST_MS = 30_000;

const [mode, host = "", port = "", proxyPort] = process.argv.slice(2);
setTimeout(() => { throw new Error(`${mode} took over ${LONGEST_MS} ms`); }, LONGEST_MS).unref();

async function open() {
  const socket = connect({ host: proxyPort === undefined ? host : "127.0.0.1", port: Number(proxyPort ?? port), family: 4, noDelay: true });
  if (proxyPort === undefined) return socket;
  socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const head = String(await next(socket));
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`the proxy said ${head.split("\r\n")[0]}`);
  return socket;
}

function next(socket) {
  return new Promise((resolve, reject) => {
    const stop = () => { socket.off("error", onError).off("close", onError).off("data", onData); };
    const onError = (error) => { stop(); reject(error instanceof Error ? error : new Error("the connection was closed")); };
    const onData = (chunk) => { stop(); resolve(chunk); };
    socket.on("error", onError).on("close", onError).on("data", onData);
  });
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const modes = {
  /** Milliseconds from asking for the name to the first byte of the other side, median. */
  async connect() {
    const times = [];
    for (let count = 0; count < CONNECTIONS; count += 1) {
      const began = performance.now();
      const socket = await open();
      socket.write("1");
      await next(socket);
      times.push(performance.now() - began);
      socket.destroy();
    }
    return median(times);
  },
  /** Microseconds from one byte sent to one byte back on one connection, median. */
  async "round-trip"() {
    const socket = await open();
    const times = [];
    for (let count = 0; count < ROUND_TRIPS; count += 1) {
      const began = performance.now();
      socket.write("1");
      await next(socket);
      times.push((performance.now() - began) * 1000);
    }
    socket.destroy();
    return median(times);
  },
  /** Megabytes in a second that come from the server on one connection. */
  async bulk() {
    const socket = await open();
    let bytes = 0;
    const began = performance.now();
    socket.write(`bulk ${BULK_BYTES}\n`);
    await new Promise((resolve, reject) => { socket.on("data", (chunk) => { bytes += chunk.byteLength; }).on("end", resolve).on("error", reject); });
    if (bytes !== BULK_BYTES) throw new Error(`${bytes} bytes came instead of ${BULK_BYTES}`);
    return bytes / 1e3 / (performance.now() - began);
  },
};

console.log(await modes[mode]());
