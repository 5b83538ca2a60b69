import type { OnReadOpts, Socket } from "node:net";
import { HeldPieces } from "@sbx/contracts";
import type { UpstreamProxy } from "./upstream-proxy.ts";

/** Longest answer to a CONNECT that is waited for, in bytes. */
const MAX_ANSWER = 16_384;

/** Reads a proxy's answer to a CONNECT off the beginning of a connection; what follows it is for whoever reads the connection. */
export interface TunnelReader {
  /** For `net.connect`. */
  readonly onread: OnReadOpts;
  /** Status of the answer. Rejects when there is none that can be understood. */
  readonly answered: Promise<number>;
}

/** Put the reading of a CONNECT's answer before the reading of everything else. */
export function createTunnelReader(inner: OnReadOpts): TunnelReader {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  promise.catch(() => undefined);
  const held = new HeldPieces();
  let isOpen = false;
  return {
    answered: promise,
    onread: {
      buffer: inner.buffer,
      callback(count, bytes) {
        if (isOpen) return inner.callback(count, bytes);
        const before = held.length;
        held.push(Buffer.from(bytes.subarray(0, count)));
        const end = held.look().indexOf("\r\n\r\n");
        if (end === -1) {
          if (held.length > MAX_ANSWER) reject(new Error("the proxy's answer has no end"));
          return held.length <= MAX_ANSWER;
        }
        isOpen = true;
        resolve(statusOf(held.look().toString("latin1", 0, end)));
        const rest = bytes.subarray(end + 4 - before, count);
        return rest.length === 0 ? true : inner.callback(rest.length, rest);
      },
    },
  };
}

/** As {@link createTunnelReader} does, of a connection that is read as usual; it is left paused. */
export function readTunnelAnswer(socket: Socket): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  promise.catch(() => undefined);
  const held = new HeldPieces();
  const take = (piece: Buffer): void => {
    held.push(piece);
    const end = held.look().indexOf("\r\n\r\n");
    if (end === -1 && held.length <= MAX_ANSWER) return;
    socket.off("data", take).pause();
    if (end === -1) {
      reject(new Error("the proxy's answer has no end"));
      return;
    }
    const whole = held.take();
    if (whole.length > end + 4) socket.unshift(whole.subarray(end + 4));
    resolve(statusOf(whole.toString("latin1", 0, end)));
  };
  socket.on("data", take);
  return promise;
}

/** Of the answer's first line; 0 when that is none of HTTP. */
function statusOf(head: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})(?: |\r\n|$)/.exec(head)?.[1] ?? 0);
}

/** Ask a proxy for a connection. `target` is `host:port`. Gives why there is none. */
export async function openTunnel(
  socket: Socket,
  { target, proxy, answered, ms, signal }: { readonly target: string; readonly proxy: UpstreamProxy; readonly answered: Promise<number>; readonly ms: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const broken = (): void => {
    resolve("the proxy broke the connection off");
  };
  const timer = setTimeout(resolve, ms, "the proxy did not answer in time");
  const abort = (): void => {
    resolve("the client went away");
  };
  signal.addEventListener("abort", abort, { once: true });
  socket.on("error", broken).once("close", broken).once("end", broken);
  answered.then(
    (status) => resolve(status >= 200 && status < 300 ? undefined : `the proxy refused it (${status === 0 ? "with something else than HTTP" : status})`),
    () => resolve("the proxy answered with something else than HTTP"),
  );
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${proxy.authorization === undefined ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`}\r\n`);
  const failure = await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", abort);
  socket.off("error", broken).off("close", broken).off("end", broken);
  return failure;
}
