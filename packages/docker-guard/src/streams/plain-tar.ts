import { PassThrough, pipeline, type Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** Give a tar as it is, whether it comes as it is or packed by gzip or zstd, which clients do without saying so. */
export async function plainTar(input: Readable): Promise<Readable> {
  const first = await firstBytes(input);
  const whole = new PassThrough();
  whole.write(first);
  // What fails ends the output, where it is met.
  pipeline(input, whole, () => undefined);
  const unpacked = isGzip(first) ? createGunzip() : isZstd(first) ? createZstdDecompress() : undefined;
  if (unpacked === undefined) return whole;
  pipeline(whole, unpacked, () => undefined);
  return unpacked;
}

/** Whether these are the first bytes of what gzip packed. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

async function firstBytes(input: Readable): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (first.length < 4) {
    const chunk = input.read() as Buffer | null;
    if (chunk !== null) first = Buffer.concat([first, chunk]);
    else if (input.readableEnded || input.destroyed) break;
    else await moved(input);
  }
  return first;
}

/** Resolves when there is more to read, or never will be. */
async function moved(input: Readable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const done = () => resolve(undefined);
  input.once("readable", done).once("end", done).once("close", done).once("error", done);
  await promise;
  input.off("readable", done).off("end", done).off("close", done).off("error", done);
}
