/** Whether a value says nothing: what a schema would put there anyway. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The fields of an object that say something, at its first two levels. */
export function withoutEmpty(value: object): Readonly<Record<string, unknown>> {
  const fields = Object.entries(value).map(([key, item]: [string, unknown]) => [key, key === "metadata" && typeof item === "object" && item !== null ? withoutEmpty(item) : item] as const);
  return Object.fromEntries(fields.filter(([, item]) => !isEmpty(item)));
}
