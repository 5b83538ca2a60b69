import type { Duplex } from "node:stream";
import { MESSAGE } from "./messages.ts";
import { readMessages } from "./read-messages.ts";
import { readWhole, type WireReader } from "./wire-reader.ts";
import { wireMessage, wireString, wireUint32 } from "./write-wire.ts";

/** Each message that may be an answer, read as a whole and written anew. */
const ANSWERS: ReadonlyMap<number, (reader: WireReader) => Buffer> = new Map([
  [MESSAGE.failure, () => wireMessage(MESSAGE.failure)],
  [MESSAGE.success, () => wireMessage(MESSAGE.success)],
  [MESSAGE.identitiesAnswer, identities],
  [MESSAGE.signResponse, (reader: WireReader) => wireMessage(MESSAGE.signResponse, wireString(reader.string()))],
]);

function identities(reader: WireReader): Buffer {
  const count = reader.uint32();
  const parts: Buffer[] = [];
  for (let read = 0; read < count; read += 1) parts.push(wireString(reader.string()), wireString(reader.string()));
  return wireMessage(MESSAGE.identitiesAnswer, wireUint32(count), ...parts);
}

/** One connection to the person's agent, which answers each request before it gets the next. */
export class PersonAgent implements Disposable {
  readonly #stream: Duplex;
  readonly #answers: AsyncGenerator<Buffer, void>;

  constructor(stream: Duplex) {
    this.#stream = stream;
    // Told by what is read and written.
    stream.on("error", () => undefined);
    this.#answers = readMessages(stream);
  }

  /** Ask for one thing. @returns the answer, written anew; `undefined` where there is none that belongs to the request */
  async ask(request: Buffer, expected: number): Promise<Buffer | undefined> {
    if (this.#stream.destroyed) return undefined;
    this.#stream.write(request);
    const { value } = await this.#answers.next();
    if (value === undefined) return undefined;
    const [type = 0] = value;
    const read = type === expected || type === MESSAGE.failure ? ANSWERS.get(type) : undefined;
    return read === undefined ? undefined : readWhole(value.subarray(1), read);
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}
