import type { Readable } from "node:stream";

/** The longest line that the engine is expected to write: an event with all labels of a container. */
const MAX_LINE = 4 << 20;

/** Lines of a stream of the engine's, without their ends. Ends with the stream, and rejects when it breaks off. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const piece of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE) throw new Error("a line of the engine's is longer than any that is expected");
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") yield rest;
}
