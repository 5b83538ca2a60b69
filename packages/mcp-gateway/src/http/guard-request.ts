import type { IncomingMessage } from "node:http";
import type { Caller } from "../ports.ts";
import { HttpRefusal } from "./refusal.ts";

/** Names under which the gateway is called, by those that are in a sandbox and those that are on the host. */
const NAMES = { sandbox: ["host.docker.internal", "mcp.sbx.internal"], host: ["127.0.0.1", "localhost", "[::1]"] } as const;

/**
 * Refuse what a page in a browser could have sent: a name that is not ours (a rebound one), an origin other than the
 * gateway itself, a request that the browser marks as coming from elsewhere.
 *
 * @throws HttpRefusal 403
 */
export function guardRequest(request: IncomingMessage, kind: Caller["kind"]): void {
  const { host = "", origin, "sec-fetch-site": site } = request.headers;
  const name = host.toLowerCase().replace(/:\d{1,5}$/, "");
  if (!NAMES[kind].some((known) => known === name)) throw new HttpRefusal(403, "Forbidden: the Host header does not name this gateway.");
  if (count(request, "host") > 1 || count(request, "origin") > 1) throw new HttpRefusal(403, "Forbidden: a header occurs twice.");
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) throw new HttpRefusal(403, "Forbidden: the Origin header does not name this gateway.");
  if (site !== undefined && site !== "same-origin" && site !== "none") throw new HttpRefusal(403, "Forbidden: the request comes from another site.");
}

function count(request: IncomingMessage, header: string): number {
  let found = 0;
  // Names and values take turns. Several headers of each request are counted.
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at];
    if (name?.length === header.length && name.toLowerCase() === header) found += 1;
  }
  return found;
}

/** Whether an `Accept` header takes a media type; one that is missing does not. */
export function accepts(request: IncomingMessage, type: "application/json" | "text/event-stream"): boolean {
  const [family] = type.split("/");
  return (request.headers.accept ?? "").split(",").some((item) => {
    const [range = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    return (range === type || range === `${family}/*` || range === "*/*") && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/** A header that occurs once; `undefined` when it is missing. @throws HttpRefusal 400 when it occurs twice */
export function singleHeader(request: IncomingMessage, name: string): string | undefined {
  if (count(request, name) > 1) throw new HttpRefusal(400, `Bad request: the header ${name} occurs twice.`);
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}
