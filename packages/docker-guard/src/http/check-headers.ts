import type { IncomingMessage } from "node:http";
import { Refusal } from "../refusal.ts";

/** Headers of which a second one would let two readers disagree. */
const ONCE = new Set(["connection", "content-encoding", "content-length", "content-type", "expect", "host", "transfer-encoding", "upgrade"]);

/**
 * Refuse a request whose frame could be read in two ways. Node's parser has refused the rest: a length beside a
 * transfer coding, folded lines, bare line feeds.
 *
 * @throws Refusal
 */
export function checkHeaders(request: IncomingMessage): void {
  if (request.httpVersion !== "1.1") throw new Refusal(505, "only HTTP/1.1 is spoken here");
  const seen = new Set<string>();
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] ?? "").toLowerCase();
    if (ONCE.has(name) && seen.has(name)) throw new Refusal(400, `the header "${name}" occurs twice`);
    seen.add(name);
  }
  const { headers } = request;
  if (headers["content-encoding"] !== undefined && !isPackedContext(request)) throw new Refusal(415, "a body is sent as it is, without a content encoding");
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.trim().toLowerCase() !== "chunked") throw new Refusal(501, "the only transfer coding is chunked");
}

/** Whether the files of a build are packed is seen in their bytes, whatever is said of them. */
function isPackedContext({ method, url = "", headers }: IncomingMessage): boolean {
  return headers["content-encoding"] === "gzip" && method === "POST" && /^(?:\/v[0-9.]{1,8})?\/build(?:\?|$)/.test(url);
}

/** The length that a request announces for its body; `undefined` for one in chunks. */
export function announcedLength({ headers }: IncomingMessage): number | undefined {
  if (headers["transfer-encoding"] !== undefined) return undefined;
  const length = headers["content-length"] ?? "0";
  if (!/^\d{1,15}$/.test(length)) throw new Refusal(400, "the length of the body is no number");
  return Number(length);
}

/** Whether a request brings a body. */
export function hasBody(request: IncomingMessage): boolean {
  return announcedLength(request) !== 0;
}
