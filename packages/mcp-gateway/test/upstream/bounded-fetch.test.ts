import fc from "fast-check";
import { describe, it } from "vitest";
import { ByteBudget } from "../../src/byte-budget.ts";
import { boundedFetch, type FetchBounds } from "../../src/upstream/bounded-fetch.ts";

const bounds = (more: Partial<FetchBounds> = {}): FetchBounds => ({ maxBytes: 100, budget: new ByteBudget(1 << 20), eventsPerSecond: 1_000_000, ...more });

const answering = (body: string | ReadableStream<Uint8Array>, type: string, more: Partial<FetchBounds> = {}): typeof fetch =>
  boundedFetch(async () => await Promise.resolve(new Response(body, { headers: { "content-type": type } })), bounds(more));

const EVENTS = "text/event-stream; charset=utf-8";

describe("boundedFetch", () => {
  it("lets a body through that is small enough", async ({ expect }) => {
    expect(await (await answering("x".repeat(100), "application/json")("http://a")).text()).toHaveLength(100);
  });

  it("ends a body that is too large", async ({ expect }) => {
    const response = await answering("x".repeat(101), "application/json")("http://a");
    await expect(response.text()).rejects.toThrow("more than 100 bytes");
  });

  it("lets a stream of small events be as long as it likes", async ({ expect }) => {
    const events = `data: ${"x".repeat(50)}\n\n`.repeat(50);
    expect(await (await answering(events, "text/event-stream")("http://a")).text()).toBe(events);
  });

  it("ends a stream in an event that is too large, however it is cut into lines", async ({ expect }) => {
    const response = await answering(`data: ok\n\n${"data: xxxxxxxx\n".repeat(10)}`, EVENTS)("http://a");
    await expect(response.text()).rejects.toThrow("more than 100 bytes");
  });

  it("does not even begin to read a body that says it is too large", async ({ expect }) => {
    const inner: typeof fetch = async () => await Promise.resolve(new Response("x", { headers: { "content-length": "101" } }));
    await expect(boundedFetch(inner, bounds())("http://a")).rejects.toThrow("more than 100 bytes");
  });

  it("judges a stream alike, however it comes in pieces", async ({ expect }) => {
    const piece = fc.constantFrom("\n", "\r\n", "\r", "data: x", "data: 0123456789", "\n\n", ": ping");
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 30 }), async (pieces, size) => {
        const bytes = new TextEncoder().encode(pieces.join(""));
        const read = async (parts: readonly Uint8Array[]): Promise<string> => {
          const body = new ReadableStream<Uint8Array>({
            start: (controller) => {
              for (const part of parts) controller.enqueue(part);
              controller.close();
            },
          });
          return await (await answering(body, EVENTS)("http://a")).text().catch(() => "ended");
        };
        const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size));
        expect(await read(cut)).toBe(await read([bytes]));
      }),
    );
  });
});

describe("a stream of events that comes in single bytes", () => {
  const inBytes = (text: string): ReadableStream<Uint8Array> => {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    return new ReadableStream({
      pull: (controller) => {
        if (at === bytes.length) controller.close();
        else controller.enqueue(bytes.subarray(at, (at += 1)));
      },
    });
  };
  const piecesOf = async (text: string): Promise<readonly string[]> => {
    const { body } = await answering(inBytes(text), EVENTS, { maxBytes: 1 << 20 })("http://a");
    if (body === null) throw new Error("no body");
    const pieces: string[] = [];
    for await (const piece of body) pieces.push(Buffer.from(piece).toString());
    return pieces;
  };

  it("goes on in a few pieces, so that a long event costs no work for each byte", async ({ expect }) => {
    const event = `data: ${"x".repeat(200_000)}\n\n`;
    const pieces = await piecesOf(event);
    expect(pieces.join("")).toBe(event);
    expect(pieces.length).toBeLessThan(6);
  });

  it("goes on with the end of each event", async ({ expect }) => {
    expect(await piecesOf("data: one\n\n: ping\r\n\r\nid: 2\rdata: two\r\rdata: th")).toEqual(["data: one\n\n", ": ping\n\n", "id: 2\ndata: two\n\n", "data: th"]);
  });

  it("ends in an event that is too large, of which the reader gets nothing more", async ({ expect }) => {
    const response = await answering(inBytes(`data: ${"x".repeat(100)}\n\n`), EVENTS)("http://a");
    await expect(response.text()).rejects.toThrow("more than 100 bytes");
  });
});

describe("answers that come together", () => {
  const large = "x".repeat(100_000);

  it("take no more than may be held, and give it back when they were read or given up", async ({ expect }) => {
    const budget = new ByteBudget(250_000);
    const ends: (() => void)[] = [];
    const open = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode(large));
          ends.push(() => {
            controller.close();
          });
        },
      });
    /** Read a piece of an answer that goes on. */
    const begin = async (): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
      const { body } = await answering(open(), "application/json", { maxBytes: 1 << 20, budget })("http://a");
      if (body === null) throw new Error("no body");
      const reader = body.getReader();
      await reader.read();
      return reader;
    };
    const [first, second] = [await begin(), await begin()];
    await expect(begin()).rejects.toThrow("than can be held");
    await first.cancel();
    const third = await begin();
    for (const end of ends.slice(1, 2).concat(ends.slice(3))) end();
    for (const reader of [second, third]) expect((await reader.read()).done).toBe(true);
    expect(budget.take(250_000)).toBe(true);
  });

  it("are events of a stream that are counted one by one", async ({ expect }) => {
    const budget = new ByteBudget(150_000);
    const events = `data: ${large}\n\n`.repeat(5);
    expect(await (await answering(events, EVENTS, { maxBytes: 1 << 20, budget })("http://a")).text()).toBe(events);
    expect(budget.take(150_000)).toBe(true);
  });
});

it("reads a flood of events no faster than it may", async ({ expect }) => {
  let sent = 0;
  const flood = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 1;
      controller.enqueue(new TextEncoder().encode("data: x\n\n"));
    },
  });
  const { body } = await answering(flood, EVENTS, { eventsPerSecond: 50 })("http://a");
  if (body === null) throw new Error("no body");
  const reader = body.getReader();
  const began = performance.now();
  for (let at = 0; at < 120; at += 1) await reader.read();
  expect(performance.now() - began).toBeGreaterThan(1500);
  expect(sent).toBeLessThan(130);
  await reader.cancel();
});
