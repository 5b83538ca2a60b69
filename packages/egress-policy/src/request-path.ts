/** Longest path that is judged, in bytes: what servers take. */
const MAX_PATH = 8192;
const PLAIN = /^\/[\x21-\x7e]*$/;
/** What servers read in more than one way: encoded slashes, percent signs and ends of text, backslashes, fragments, empty parts. */
const DOUBTFUL = /%2F|%5C|%25|%00|[\\#]|\/\//;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/** A path of HTTP in the forms that rules are compared with. */
export interface RequestPath {
  /** As it was sent, each character that needs no escape without one. */
  readonly exact: string;
  /** In small letters and without parameters of its parts: what a careless server may read. A denial is about it, too. */
  readonly loose: string;
}

/**
 * The path of a request's target, without its query (RFC 3986, section 6.2.2). `undefined` where two servers could read it
 * differently, such as with dot segments, encoded slashes or empty parts.
 */
export function readPath(target: string): RequestPath | undefined {
  const [path = ""] = target.split("?", 1);
  if (path.length > MAX_PATH || !PLAIN.test(path) || /%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
  const exact = path.replaceAll(/%[0-9A-Fa-f]{2}/g, unescape);
  const loose = exact
    .replaceAll("%3B", ";")
    .replaceAll(/;[^/]*/g, "")
    .toLowerCase();
  return DOUBTFUL.test(exact) || DOUBTFUL.test(loose.toUpperCase()) || hasDotSegment(exact) || hasDotSegment(loose) ? undefined : { exact, loose };
}

function unescape(escaped: string): string {
  const character = String.fromCodePoint(Number.parseInt(escaped.slice(1), 16));
  return UNRESERVED.test(character) ? character : escaped.toUpperCase();
}

function hasDotSegment(path: string): boolean {
  return path.split("/").some((part) => part === "." || part === "..");
}
