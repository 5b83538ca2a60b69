import { Malformed } from "./wire-reader.ts";

/** Longest message of either side, as OpenSSH has it. */
const MAX_MESSAGE_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;

/**
 * The messages of a stream, one at a time: the next one is read when the caller asks for it. What is left over at its end is no message.
 * However small the pieces are in which one comes, it takes no more memory than it says.
 *
 * @throws Malformed for one that is empty or too long, before its bytes are waited for
 */
export async function* readMessages(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let wanted = Buffer.alloc(LENGTH_BYTES);
  let filled = 0;
  let isLength = true;
  for await (const piece of stream) {
    for (let at = 0; at < piece.length;) {
      const copied = piece.copy(wanted, filled, at);
      at += copied;
      filled += copied;
      if (filled < wanted.length) continue;
      if (!isLength) yield wanted;
      wanted = Buffer.alloc(isLength ? messageLength(wanted) : LENGTH_BYTES);
      filled = 0;
      isLength = !isLength;
    }
  }
}

function messageLength(bytes: Buffer): number {
  const length = bytes.readUInt32BE();
  if (length === 0 || length > MAX_MESSAGE_BYTES) throw new Malformed(`a message of ${length} bytes`);
  return length;
}
