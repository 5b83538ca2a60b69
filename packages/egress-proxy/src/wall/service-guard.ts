import type { ServerResponse } from "node:http";
import { answerLastJson } from "./http-answer.ts";
import { parseAuthority } from "./http-headers.ts";

/**
 * Check that a request to one of our own services was meant for it: exactly its Host, and not sent by a web page of another
 * origin that a browser in the sandbox shows. Answers 403 or 421 itself and then returns false.
 */
export function isMeantForService(response: ServerResponse, names: readonly string[], port: number): boolean {
  const request = response.req;
  const hosts = request.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === "host");
  const [only] = hosts;
  if (only === undefined || hosts.length !== 1 || !isOwn(only, names, port) || !(request.url ?? "").startsWith("/")) {
    answerLastJson(response, 421, problem("invalid_request_error", "this service answers under its own name only"));
    return false;
  }
  const site = request.headers["sec-fetch-site"];
  const origin = request.headers.origin;
  if ((site !== undefined && site !== "none" && site !== "same-origin") || (origin !== undefined && !isOwnOrigin(origin, names, port))) {
    answerLastJson(response, 403, problem("permission_error", "web pages of other origins may not speak with this service"));
    return false;
  }
  return true;
}

function isOwn(text: string, names: readonly string[], port: number): boolean {
  const authority = parseAuthority(text);
  return authority !== undefined && names.includes(authority.host) && (authority.port ?? 80) === port;
}

function isOwnOrigin(origin: string, names: readonly string[], port: number): boolean {
  return origin.startsWith("http://") && isOwn(origin.slice("http://".length), names, port);
}

/** The form of a problem that the providers' clients understand and print. */
export function problem(type: string, message: string): { readonly type: "error"; readonly error: { readonly type: string; readonly message: string } } {
  return { type: "error", error: { type, message } };
}
