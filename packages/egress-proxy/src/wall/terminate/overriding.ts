import { plainName } from "../http-headers.ts";

/** Headers by which some servers take another method or path than those of the request, or a second one beside it. */
const OVERRIDING: ReadonlySet<string> = new Set([
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-original-uri",
  "x-forwarded-uri",
  "x-forwarded-path",
  "x-script-name",
  // Where WebDAV copies and moves to.
  "destination",
]);

/** The header of a request that could make it another one than is judged. */
export function overridingHeader(rawHeaders: readonly string[]): string | undefined {
  return rawHeaders.find((name, index) => index % 2 === 0 && OVERRIDING.has(plainName(name)));
}
