import { HeldPieces } from "@sbx/contracts/held-pieces";

/** Text of a stream, and whether it was longer than what is kept. */
export interface CollectedText {
  readonly text: string;
  readonly truncated: boolean;
}

/** Read a stream to its end and keep the first `maxBytes` of it as text. */
export async function collectText(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<CollectedText> {
  const { bytes, truncated } = await collectBytes(source, maxBytes);
  return { text: new TextDecoder().decode(bytes), truncated };
}

/** Read a stream to its end and keep the first `maxBytes` of it. */
export async function collectBytes(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean }> {
  const kept = new HeldPieces();
  let truncated = false;
  for await (const chunk of source) {
    const room = maxBytes - kept.length;
    truncated ||= chunk.byteLength > room;
    if (room <= 0) continue;
    kept.push(chunk.subarray(0, room));
  }
  return { bytes: kept.take(), truncated };
}
