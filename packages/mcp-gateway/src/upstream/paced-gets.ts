import { setTimeout as sleep } from "node:timers/promises";

export interface Pace {
  /** So many go at once. */
  readonly atOnce: number;
  /** And then one in each span of so long. */
  readonly everyMs: number;
}

const PACE: Pace = { atOnce: 10, everyMs: 10_000 };

/**
 * A `fetch` that opens streams at a bearable pace. Clients of streams connect again whenever a stream ends, as soon as the
 * server tells them to: one that ends each at once would be connected to without end.
 */
export function pacedGets(inner: typeof fetch, { atOnce, everyMs }: Pace = PACE): typeof fetch {
  let left = atOnce;
  let since = performance.now();
  const turn = (): number => {
    const now = performance.now();
    left = Math.min(atOnce, left + (now - since) / everyMs) - 1;
    since = now;
    return left >= 0 ? 0 : -left * everyMs;
  };
  return async (input, init) => {
    const wait = (init?.method ?? "GET").toUpperCase() === "GET" ? turn() : 0;
    if (wait > 0) await sleep(wait, undefined, { ref: false, ...(init?.signal === undefined || init.signal === null ? {} : { signal: init.signal }) });
    return await inner(input, init);
  };
}
