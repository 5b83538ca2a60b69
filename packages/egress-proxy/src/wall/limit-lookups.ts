import type { Resolve } from "./dial.ts";

/** Names for one asker that are looked up at once; more wait. */
const AT_ONCE = 2;

/** What one asker has looked up now. */
interface Lookups {
  readonly coming: Map<string, Promise<readonly string[]>>;
  /** Who is next, in turn. */
  readonly waiting: Set<() => void>;
  free: number;
}

/**
 * Let each asker have few names looked up at once. The system's resolver has few threads for all, and no lookup can be taken back: names of
 * servers that are silent would take every one of them, for as long as somebody has such names. `waitMs`: how long a name waits for its turn.
 */
export function limitLookups(resolve: Resolve, waitMs: number): (asker: string) => Resolve {
  const askers = new Map<string, Lookups>();
  return (asker) => async (name) => {
    const lookups: Lookups = askers.get(asker) ?? { coming: new Map(), waiting: new Set(), free: AT_ONCE };
    askers.set(asker, lookups);
    const { coming } = lookups;
    const there = coming.get(name);
    if (there !== undefined) return await there;
    const answer = inTurn(lookups, waitMs, () => resolve(name)).finally(() => {
      coming.delete(name);
      if (coming.size === 0) askers.delete(asker);
    });
    coming.set(name, answer);
    return await answer;
  };
}

async function inTurn<T>(lookups: Lookups, waitMs: number, work: () => Promise<T>): Promise<T> {
  if (lookups.free > 0) lookups.free -= 1;
  else await turn(lookups.waiting, waitMs);
  try {
    return await work();
  } finally {
    const [next] = lookups.waiting;
    if (next === undefined) lookups.free += 1;
    else {
      lookups.waiting.delete(next);
      next();
    }
  }
}

/** Wait for the place of one that is done. */
async function turn(waiting: Set<() => void>, ms: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  waiting.add(resolve);
  const timer = setTimeout(() => {
    waiting.delete(resolve);
    reject(Object.assign(new Error("too many names at once"), { code: "ETIMEDOUT" }));
  }, ms);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
