/**
 * Frames of an attached session, both ways, after `101 Switching Protocols` to {@link STREAM_PROTOCOL}.
 *
 * frame: type u8 · length u32 big-endian · payload
 */
export const STREAM_PROTOCOL = "sbx-stream/1";
/** Longest payload; a longer one ends the connection. */
export const MAX_FRAME_BYTES = 1 << 20;

const TYPES = ["stdin", "stdin-end", "resize", "signal", "stdout", "stderr", "exit", "problem"] as const;
/**
 * client to daemon: `stdin` bytes, `stdin-end` empty, `resize` columns u16 rows u16, `signal` its name as text ("SIGINT");
 * daemon to client: `stdout`, `stderr` bytes, `exit` code u32, `problem` a Problem as JSON. `exit` or `problem` is the last frame.
 */
export type FrameType = (typeof TYPES)[number];
/** Signals that a session's program can be sent, as the payload of a `signal` frame; others are refused. `SIGPIPE`: nobody reads its output. */
export const SESSION_SIGNALS = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGTERM", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGSTOP"] as const;
/** One of {@link SESSION_SIGNALS}, under the name that POSIX gives it. */
export type SessionSignal = (typeof SESSION_SIGNALS)[number];
/** One frame of an attached session; the payload has at most {@link MAX_FRAME_BYTES} bytes. */
export interface Frame {
  readonly type: FrameType;
  readonly payload: Uint8Array;
}

/** Write one frame. */
export function encodeFrame(type: FrameType, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(5 + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, TYPES.indexOf(type));
  view.setUint32(1, payload.byteLength);
  bytes.set(payload, 5);
  return bytes;
}

/** Payload of a `resize` frame. */
export function encodeSize({ columns, rows }: { readonly columns: number; readonly rows: number }): Uint8Array {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, columns);
  view.setUint16(2, rows);
  return bytes;
}

/** Size of a `resize` frame; `undefined` when the payload is not one or a side is 0. */
export function decodeSize(payload: Uint8Array): { readonly columns: number; readonly rows: number } | undefined {
  if (payload.byteLength !== 4) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const size = { columns: view.getUint16(0), rows: view.getUint16(2) };
  return size.columns === 0 || size.rows === 0 ? undefined : size;
}

/** Payload of an `exit` frame. */
export function encodeExit(code: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, code);
  return bytes;
}

/** Code of an `exit` frame. */
export function decodeExit(payload: Uint8Array): number | undefined {
  return payload.byteLength === 4 ? new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0) : undefined;
}

/** Cuts a byte stream into frames. Throws on an unknown type or a payload over {@link MAX_FRAME_BYTES}. */
export class FrameReader {
  #pending: Uint8Array = new Uint8Array(0);

  /** Take the next bytes and return the frames they complete. */
  push(chunk: Uint8Array): readonly Frame[] {
    this.#pending = this.#pending.byteLength === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    while (this.#pending.byteLength >= 5) {
      const view = new DataView(this.#pending.buffer, this.#pending.byteOffset, this.#pending.byteLength);
      const type = TYPES[view.getUint8(0)];
      const length = view.getUint32(1);
      if (type === undefined) throw new Error(`unknown frame type ${view.getUint8(0)}`);
      if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes is over the limit of ${MAX_FRAME_BYTES}`);
      if (this.#pending.byteLength < 5 + length) break;
      frames.push({ type, payload: this.#pending.subarray(5, 5 + length) });
      this.#pending = this.#pending.subarray(5 + length);
    }
    return frames;
  }
}
