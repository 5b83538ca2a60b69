/** Bytes that are not what they should be. */
export class Malformed extends Error {}

const MOST_SMALL = 0x7f;

/** Reads the values of an SSH message in order. Every method throws {@link Malformed} where the bytes are too few or say something else. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  /** One byte that is 0 or 1 and nothing else. */
  boolean(): boolean {
    const value = this.byte();
    if (value > 1) throw new Malformed(`${value} is neither yes nor no`);
    return value === 1;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  /** Bytes with their length before them. */
  string(): Buffer {
    return this.#take(this.uint32());
  }

  /** A string of printable ASCII without spaces, as names and algorithms are. */
  name(): string {
    const bytes = this.string();
    if (bytes.length === 0 || bytes.some((byte) => byte <= 0x20 || byte >= 0x7f)) throw new Malformed("a name is printable ASCII without spaces");
    return bytes.toString("latin1");
  }

  /** A positive number of any size in its shortest form, without the sign's own byte. */
  positiveNumber(): Buffer {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    const padded = bytes.length > 1 && first === 0;
    if (bytes.length === 0 || first > MOST_SMALL || (first === 0 && (!padded || second <= MOST_SMALL))) throw new Malformed("no positive number in its shortest form");
    return padded ? bytes.subarray(1) : bytes;
  }

  /** All that follows. */
  rest(): Buffer {
    return this.#take(this.#bytes.length - this.#at);
  }

  /** Refuse what follows the last value. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new Malformed(`${this.#bytes.length - this.#at} bytes follow the message`);
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new Malformed("the message ends early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** What `read` makes of bytes that must be whole; `undefined` where they are something else. */
export function readWhole<Value>(bytes: Buffer, read: (reader: WireReader) => Value): Value | undefined {
  try {
    const reader = new WireReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
