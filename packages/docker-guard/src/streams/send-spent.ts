import type { Writable } from "node:stream";
import { drained } from "./drained.ts";
import { giveBack } from "./give-back.ts";

/**
 * Write all pieces of a stream and free each when it has gone: nobody else has them. Ending the sink is left to the caller. Rejects when the
 * source fails, or the sink closes.
 */
export async function sendSpent(source: AsyncIterable<unknown>, sink: Pick<Writable, "write" | "once" | "off" | "destroyed">): Promise<void> {
  for await (const bytes of source as AsyncIterable<Uint8Array>) if (!sink.write(bytes, () => giveBack(bytes))) await drained(sink);
}
