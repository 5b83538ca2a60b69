import { HeldPieces } from "@sbx/contracts";
import type { ByteBudget } from "../byte-budget.ts";
import { LineEnds } from "./line-ends.ts";

/** What the answers of a server that runs elsewhere may take of us. */
export interface FetchBounds {
  /** A body, or one event of a stream of events. */
  readonly maxBytes: number;
  /** What large answers count against while they come. */
  readonly budget: ByteBudget;
  /** Events of a stream that are read in a second; the rest waits on the way. */
  readonly eventsPerSecond: number;
}

/** A `fetch` whose answers can neither fill the memory nor keep us busy. */
export function boundedFetch(inner: typeof fetch, bounds: FetchBounds): typeof fetch {
  return async (input, init) => {
    const response = await inner(input, init);
    if (response.body === null) return response;
    const declared = Number(response.headers.get("content-length") ?? 0);
    if (declared > bounds.maxBytes) {
      await response.body.cancel();
      throw tooLarge(bounds.maxBytes);
    }
    const isStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
    const body = bounded(response.body, isStream ? new EventCount(bounds) : new BodyCount(bounds));
    const answer = new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
    Object.defineProperty(answer, "url", { value: response.url });
    return answer;
  };
}

/** Looks at each piece of a body before it goes on. */
interface Count {
  /** Gives what of it goes on. Rejects for what is too much; resolves when the piece may go on. */
  admit(piece: Uint8Array): Admitted | Promise<Admitted>;
  /** Gives back what it took. */
  release(): void;
}

interface Admitted {
  readonly piece: Uint8Array;
  /** Whether the reader waits for what is held with it. */
  readonly isDue: boolean;
}

/** As much of a body goes on in one piece, whose reader keeps all of them or works for each: the sender decides how small they come. */
const PIECE_BYTES = 64 * 1024;

function bounded(body: ReadableStream<Uint8Array>, count: Count): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const held = new HeldPieces();
  /** Resolves with whether it was the end. */
  const readMore = async (): Promise<boolean> => {
    for (let isDue = false; !isDue && held.length < PIECE_BYTES;) {
      const { done, value } = await reader.read();
      if (done) return true;
      const admitted = await count.admit(value);
      held.push(admitted.piece);
      ({ isDue } = admitted);
    }
    return false;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const isDone = await readMore();
        if (held.length > 0) controller.enqueue(held.take());
        if (!isDone) return;
        count.release();
        controller.close();
      } catch (error) {
        count.release();
        controller.error(error);
        await reader.cancel(error).catch(() => undefined);
      }
    },
    async cancel(reason) {
      count.release();
      await reader.cancel(reason);
    },
  });
}

/** From this size on an answer is counted against what may be held. */
const LARGE_BYTES = 64 * 1024;

/** Bytes of one thing that is read as a whole. */
class HeldBytes {
  readonly #maxBytes: number;
  readonly #budget: ByteBudget;
  #bytes = 0;
  #taken = 0;

  constructor({ maxBytes, budget }: FetchBounds) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  /** @throws Error for more than may be held */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
    const more = this.#bytes - this.#taken;
    if (this.#bytes < LARGE_BYTES) return;
    if (!this.#budget.take(more)) throw new Error("the answers that are being read have more bytes than can be held");
    this.#taken += more;
  }

  clear(): void {
    this.#budget.give(this.#taken);
    this.#taken = 0;
    this.#bytes = 0;
  }
}

class BodyCount implements Count {
  readonly #held: HeldBytes;

  constructor(bounds: FetchBounds) {
    this.#held = new HeldBytes(bounds);
  }

  admit(piece: Uint8Array): Admitted {
    this.#held.add(piece.length);
    return { piece, isDue: false };
  }

  release(): void {
    this.#held.clear();
  }
}

const LINE_FEED = 0x0a;
const SECOND_MS = 1000;

/** An empty line ends an event. */
class EventCount implements Count {
  readonly #held: HeldBytes;
  readonly #perSecond: number;
  readonly #lineEnds = new LineEnds();
  #lineIsEmpty = true;
  #events = 0;
  #since = performance.now();

  constructor(bounds: FetchBounds) {
    this.#held = new HeldBytes(bounds);
    this.#perSecond = bounds.eventsPerSecond;
  }

  admit(bytes: Uint8Array): Admitted | Promise<Admitted> {
    const piece = this.#lineEnds.plain(bytes);
    const before = this.#events;
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, from)) {
      if (this.#lineIsEmpty && end === from) {
        this.#held.clear();
        this.#events += 1;
      } else this.#held.add(end - from + 1);
      this.#lineIsEmpty = true;
      from = end + 1;
    }
    const rest = piece.length - from;
    this.#held.add(rest);
    this.#lineIsEmpty &&= rest === 0;
    const admitted = { piece, isDue: this.#events > before };
    return admitted.isDue ? this.#pace(admitted) : admitted;
  }

  release(): void {
    this.#held.clear();
  }

  /** A flood waits on the way: what is not read here is not sent there. */
  async #pace(admitted: Admitted): Promise<Admitted> {
    const passed = performance.now() - this.#since;
    if (passed < SECOND_MS && this.#events < this.#perSecond) return admitted;
    if (passed < SECOND_MS) await new Promise((resolve) => setTimeout(resolve, SECOND_MS - passed).unref());
    this.#since = performance.now();
    this.#events = 0;
    return admitted;
  }
}

function tooLarge(maxBytes: number): Error {
  return new Error(`the answer has more than ${maxBytes} bytes`);
}
