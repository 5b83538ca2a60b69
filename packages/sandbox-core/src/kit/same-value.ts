/** Whether two values of JSON say the same, in whatever order their keys stand; a key without a value is no key. */
export function sameValue(one: unknown, other: unknown): boolean {
  return canonicalText(one) === canonicalText(other);
}

/** A value of JSON with the keys of every object in order. */
export function canonicalText(value: unknown): string {
  const ordered = (_: string, inner: unknown): unknown => (typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).toSorted(byKey)) : inner);
  // Whatever the value is, a list of it has a text.
  return JSON.stringify([value], ordered).slice(1, -1);
}

function byKey([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : Number(one > other);
}
