/** Starting npm or pip to ask takes as long as a small package; whoever sets them anew waits no longer than this. */
const KEPT_MS = 60_000;

/** Ask once a minute for each key, however often it is wanted. What failed is asked again. */
export function rememberForAWhile<Key, Value>(ask: (key: Key, signal: AbortSignal) => Promise<Value>, now: () => number): (key: Key, signal: AbortSignal) => Promise<Value> {
  const known = new Map<Key, { readonly until: number; readonly value: Value }>();
  return async (key, signal) => {
    const found = known.get(key);
    if (found !== undefined && now() < found.until) return found.value;
    const value = await ask(key, signal);
    known.set(key, { until: now() + KEPT_MS, value });
    return value;
  };
}
