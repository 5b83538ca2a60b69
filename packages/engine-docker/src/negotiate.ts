/** The engine API versions whose requests and answers this adapter knows. 1.40 has all it asks for. */
const OLDEST_API = "1.40";
const NEWEST_API = "1.51";

/**
 * The newest API version that both sides speak.
 *
 * @throws Error with the reason when there is none.
 */
export function negotiate(engine: { readonly newest: string; readonly oldest: string }): string {
  const version = compare(engine.newest, NEWEST_API) < 0 ? engine.newest : NEWEST_API;
  if (compare(version, OLDEST_API) < 0) throw new Error(`it speaks API ${engine.newest}, at least ${OLDEST_API} is needed`);
  if (compare(version, engine.oldest) < 0) throw new Error(`it speaks no API older than ${engine.oldest}, this version of sbx knows up to ${NEWEST_API}`);
  return version;
}

/** Whether `version` is `other` or newer. */
export function atLeast(version: string, other: string): boolean {
  return compare(version, other) >= 0;
}

function compare(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  return x.major - y.major || x.minor - y.minor;
}

function parts(version: string): { readonly major: number; readonly minor: number } {
  const found = /^(\d{1,4})\.(\d{1,4})$/.exec(version);
  if (found === null) throw new Error(`"${version}" is not an API version`);
  return { major: Number(found[1]), minor: Number(found[2]) };
}
