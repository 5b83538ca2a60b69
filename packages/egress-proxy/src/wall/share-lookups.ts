import type { Resolve } from "./dial.ts";

/**
 * Look a name up once for all who ask for it at the same moment. Nothing is kept: who asks after the answer makes it be
 * looked up anew. A package manager opens fifty connections to one host at once, and some resolvers drop part of fifty
 * questions; the threads for it are few, and one silent name would take all of them.
 */
export function shareLookups(resolve: Resolve): Resolve {
  const running = new Map<string, ReturnType<Resolve>>();
  return async (name) => {
    const shared = running.get(name);
    if (shared !== undefined) return await shared;
    const lookup = resolve(name).finally(() => running.delete(name));
    running.set(name, lookup);
    return await lookup;
  };
}
