/** A message of JSON-RPC, as far as it was looked at. */
export type Message = Readonly<Record<string, unknown>>;

/** Whether a value is an object, and no list. */
export function isObject(value: unknown): value is Message {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that a line has; `undefined` where it has none, or anything beside it. */
export function parseLine(line: Uint8Array): Message | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
