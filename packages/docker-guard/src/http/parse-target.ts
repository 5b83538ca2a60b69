import { printable, Refusal } from "../refusal.ts";
import { CONTAINER_CREATE } from "../routes/schema/container-config.ts";
import { NETWORK_CREATE, VOLUME_CREATE } from "../routes/schema/objects.ts";

/** What the first line of a request names. */
export interface Target {
  /** "1.41" of `/v1.41/…`; absent when the client names none. */
  readonly version: string | undefined;
  /** Decoded, none empty, none `.` or `..`, without slashes but in the name of an image. */
  readonly segments: readonly string[];
  /** What each name stands for, in order, without copies of a body's fields; that few names may occur twice is for the route to say. */
  readonly query: ReadonlyMap<string, readonly string[]>;
}

const MAX_TARGET = 65_536;
const VERSION = /^v(\d{1,2}\.\d{1,3})$/;
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const ESCAPE = /%[0-9A-Fa-f]{2}/;
/** Fields of bodies, which dockerode repeats in the query of what makes something. Nobody reads them there: no parameter has such a name. */
const COPIES: ReadonlySet<string> = new Set([CONTAINER_CREATE, NETWORK_CREATE, VOLUME_CREATE].flatMap((fields) => Object.keys(fields)).filter((name) => /^[A-Z]/.test(name)));

/**
 * Read the target of a request: a path and a query, in one way only.
 *
 * What another reader could take for something else is refused: absolute and authority forms, empty and dot segments,
 * encoded slashes but in the names of images, what changes when it is decoded twice.
 *
 * @throws Refusal 400
 */
export function parseTarget(target: string): Target {
  if (target.length > MAX_TARGET) throw new Refusal(414, "the target of the request is too long");
  if (!/^\/[\u0021-\u007e]*$/.test(target) || /[#\\]/.test(target)) throw new Refusal(400, "the target of a request is a path and a query, in visible ASCII");
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const [first = "", ...rest] = path
    .slice(1)
    .split("/")
    .map((segment, at, all) => decodeSegment(segment, all[at - 1] === "images"));
  const version = VERSION.exec(first)?.[1];
  return { version, segments: version === undefined ? [first, ...rest] : rest, query: parseQuery(mark === -1 ? "" : target.slice(mark + 1)) };
}

/** A segment has no slash, but for the name of an image, in which some clients encode them: there it is part of the name either way. */
function decodeSegment(segment: string, isImage: boolean): string {
  const decoded = decode(segment);
  const parts = isImage ? decoded.split("/") : [decoded];
  if (parts.some((part) => part === "" || part === "." || part === "..")) throw new Refusal(400, "a path has no empty and no dot segments here");
  if (parts.some((part) => part.includes("/")) || ESCAPE.test(decoded) || /\p{Cc}/u.test(decoded)) throw new Refusal(400, `a path cannot be read in one way only: "${printable(segment)}"`);
  return decoded;
}

/** Read a query; `+` is a blank. @throws Refusal 400 */
function parseQuery(query: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const pair of query === "" ? [] : query.split("&")) {
    if (pair === "" || pair.includes(";")) throw new Refusal(400, "a query has an empty part or a semicolon");
    const equals = pair.indexOf("=");
    const name = decode((equals === -1 ? pair : pair.slice(0, equals)).replaceAll("+", " "));
    if (COPIES.has(name)) continue;
    found.set(name, [...(found.get(name) ?? []), equals === -1 ? "" : decode(pair.slice(equals + 1).replaceAll("+", " "))]);
  }
  return found;
}

function decode(text: string): string {
  if (BROKEN_ESCAPE.test(text)) throw new Refusal(400, "a percent sign begins no escape");
  try {
    const decoded = decodeURIComponent(text);
    if (decoded.includes("\0")) throw new Refusal(400, "a target has a zero byte");
    return decoded;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "a target is not UTF-8 when decoded");
  }
}
