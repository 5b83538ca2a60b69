/** A `fetch` whose answers cannot fill the memory: a body, or one event of a stream of events, has at most `maxBytes`. */
export function boundedFetch(inner: typeof fetch, maxBytes: number): typeof fetch {
  return async (input, init) => {
    const response = await inner(input, init);
    if (response.body === null) return response;
    const declared = Number(response.headers.get("content-length") ?? 0);
    if (declared > maxBytes) {
      await response.body.cancel();
      throw new Error(`the answer has more than ${maxBytes} bytes`);
    }
    const streams = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
    const body = response.body.pipeThrough(limit(maxBytes, streams));
    const bounded = new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
    Object.defineProperty(bounded, "url", { value: response.url });
    return bounded;
  };
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function limit(maxBytes: number, perEvent: boolean): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  let lineIsEmpty = true;
  const count = (byte: number): void => {
    bytes += 1;
    if (byte === CARRIAGE_RETURN) return;
    // An empty line ends an event.
    if (byte === LINE_FEED && lineIsEmpty) bytes = 0;
    lineIsEmpty = byte === LINE_FEED;
  };
  return new TransformStream({
    transform(chunk, controller) {
      if (perEvent) for (const byte of chunk) count(byte);
      else bytes += chunk.length;
      if (bytes > maxBytes) controller.error(new Error(`the answer has more than ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
}
