import { libcFunction, must } from "./libc.ts";

const O_CLOEXEC = 0x8_0000;

const pipe2 = libcFunction<(ends: Buffer, flags: number) => number>("int pipe2(void *ends, int flags)");

/** Both descriptors of a pipe. */
export interface PipeEnds {
  readonly read: number;
  readonly write: number;
}

/** A new pipe, close-on-exec; both ends are the caller's. @throws SystemCallError */
export function makePipe(): PipeEnds {
  const ends = Buffer.alloc(8);
  must("pipe2", () => pipe2(ends, O_CLOEXEC));
  return { read: ends.readInt32LE(0), write: ends.readInt32LE(4) };
}
