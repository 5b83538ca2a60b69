import type { Readable } from "node:stream";

/** Read a stream to its end and keep its first `limitBytes`, as UTF-8. The rest is read and dropped, so that the writer is not held up. */
export async function collect(stream: Readable, limitBytes: number): Promise<string> {
  const kept: Buffer[] = [];
  let left = limitBytes;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (left > 0) kept.push(chunk.subarray(0, left));
    left -= Math.min(left, chunk.length);
  }
  return Buffer.concat(kept).toString("utf8");
}
