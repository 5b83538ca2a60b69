/**
 * What the daemon and a workload's pid 1 (`hold init`) say to each other, over a unix socket of whole messages (SEQPACKET).
 *
 * Pid 1 connects to the abstract name {@link HOLD_SOCKET} of its network namespace once, before anything else runs in it; the
 * gate lets that one connection in and passes it to each daemon. Numbers are big-endian.
 *
 * request: "SBXH" · version u8 · op u8 · 0 u8 · flags u8 · id u32 · arguments u16 · variables u16 · and of a start the
 * directory, the arguments and the variables (`NAME=value`), each ended by a zero byte. With a start come the far ends of
 * pipes: stdin if flag 1 is set, stdout, stderr.
 * answer: "SBXH" · version u8 · kind u8 · 0 u16 · id u32 · value i32
 */
export const HOLD_SOCKET = "sbx-init";
/** Version of this protocol. */
export const HOLD_VERSION = 1;
/** Length of every answer, in bytes. */
export const HOLD_ANSWER_BYTES = 16;
/** Longest request, in bytes; a program with longer arguments is started by the engine. */
export const HOLD_REQUEST_BYTES = 64 * 1024;
const HEAD_BYTES = 16;
const MAGIC = 0x53425848;
const MOST = 0xffff;
const OPS = { start: 1, leave: 2, hello: 3 } as const;

/** The outputs of a program, by the bits that {@link encodeHoldLeave} names them with. */
export const HOLD_OUTPUTS = { stdout: 1, stderr: 2 } as const;

/** What pid 1 answers. `value` is the exit code of one that exited, and the errno of one that was not started. */
export interface HoldAnswer {
  readonly kind: "started" | "not-started" | "exited";
  readonly id: number;
  readonly value: number;
}

/** A program to start. */
export interface HoldStart {
  /** An unsigned 32-bit number that comes back in the answers. */
  readonly id: number;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** Whether its stdin is a pipe, whose far end comes first. */
  readonly stdin: boolean;
}

/** Ask for a start; `undefined` for what does not fit, or has a zero byte, or nothing to run. */
export function encodeHoldStart({ id, command, env, workdir, stdin }: HoldStart): Uint8Array | undefined {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const strings = [workdir, ...command, ...variables];
  if (command.length === 0 || command.length > MOST || variables.length > MOST || strings.some((one) => one.includes("\0"))) return undefined;
  const text = new TextEncoder().encode(strings.map((one) => `${one}\0`).join(""));
  if (HEAD_BYTES + text.byteLength > HOLD_REQUEST_BYTES) return undefined;
  const bytes = head("start", { id, flags: stdin ? 1 : 0, room: text.byteLength });
  const view = new DataView(bytes.buffer);
  view.setUint16(12, command.length);
  view.setUint16(14, variables.length);
  bytes.set(text, HEAD_BYTES);
  return bytes;
}

/** Say that nobody reads these outputs of a program any more, by the bits of {@link HOLD_OUTPUTS}. */
export function encodeHoldLeave({ id, outputs }: { readonly id: number; readonly outputs: number }): Uint8Array {
  return head("leave", { id, flags: outputs, room: 0 });
}

/** Say that a daemon is there, which knows of no program that was started before. The gate says the same when one has gone. */
export function encodeHoldHello(): Uint8Array {
  return head("hello", { id: 0, flags: 0, room: 0 });
}

/** Read an answer; `undefined` for anything that is not exactly one. */
export function decodeHoldAnswer(bytes: Uint8Array): HoldAnswer | undefined {
  if (bytes.byteLength !== HOLD_ANSWER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC || view.getUint8(4) !== HOLD_VERSION || view.getUint16(6) !== 0) return undefined;
  const kind = ([undefined, "started", "not-started", "exited"] as const)[view.getUint8(5)];
  const value = view.getInt32(12);
  if (kind === undefined || value < 0 || (kind === "exited" && value > 255)) return undefined;
  return { kind, id: view.getUint32(8), value };
}

function head(op: keyof typeof OPS, { id, flags, room }: { readonly id: number; readonly flags: number; readonly room: number }): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + room);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, HOLD_VERSION);
  view.setUint8(5, OPS[op]);
  view.setUint8(7, flags);
  view.setUint32(8, id);
  return bytes;
}
