/** Longest path that is judged, in bytes: what servers take. */
const MAX_PATH = 8192;
/** Without a fragment, which no request has. */
const PLAIN = /^\/[\x21\x22\x24-\x7e]*$/;
/** What servers read in more than one way: encoded slashes, percent signs and control characters, backslashes, empty parts. */
const DOUBTFUL = /%2F|%5C|%25|%[01][0-9A-F]|%7F|\\|\/\//;
/** A part that some servers take for a dot segment, or for none: they cut dots and spaces off. */
const ONLY_DOTS = /^(?:\.|%20)+$/;
const UNRESERVED = /[A-Za-z0-9._~-]/;
/** Visible characters but the star, which stands for others in patterns. */
const VISIBLE = /[\x21-\x29\x2b-\x7e]/;

/** A path of HTTP in the forms that rules are compared with. */
export interface RequestPath {
  /** As it was sent, each character that needs no escape without one. */
  readonly exact: string;
  /** In small letters, without escapes of visible characters or parameters of its parts: what a careless server may read. A denial is about it, too. */
  readonly loose: string;
}

/**
 * The path of a request's target, without its query (RFC 3986, section 6.2.2). `undefined` where two servers could read it
 * differently, such as with dot segments, encoded slashes or empty parts.
 */
export function readPath(target: string): RequestPath | undefined {
  const [path = ""] = target.split("?", 1);
  if (path.length > MAX_PATH || !PLAIN.test(path) || /%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
  const exact = unescape(path, UNRESERVED);
  if (isDoubtful(exact)) return undefined;
  const plain = unescape(exact, VISIBLE).replaceAll(/;[^/]*/g, "");
  return isDoubtful(plain) ? undefined : { exact, loose: plain.toLowerCase() };
}

/** A path without the escapes of these characters, and with the others in one spelling. */
function unescape(path: string, characters: RegExp): string {
  return path.replaceAll(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = String.fromCodePoint(Number.parseInt(escaped.slice(1), 16));
    return characters.test(character) ? character : escaped.toUpperCase();
  });
}

function isDoubtful(path: string): boolean {
  return DOUBTFUL.test(path) || path.split("/").some((part) => ONLY_DOTS.test(part));
}
