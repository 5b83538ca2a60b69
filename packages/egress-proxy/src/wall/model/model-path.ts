/** Query parameters in which providers take keys; they never go on. */
const KEY_PARAMETERS: ReadonlySet<string> = new Set(["key", "api_key", "api-key", "apikey", "access_token"]);
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+$/;

export type ModelPath =
  /** `path` begins with `/` and holds only what was understood; `keys` are the credentials that stood in the query. */
  { readonly kind: "path"; readonly service: string; readonly path: string; readonly keys: readonly string[] } | { readonly kind: "invalid"; readonly why: string };

/**
 * Take a request target `/SERVICE/segments?query` apart and write it anew. Refuses dot segments in any spelling, encoded
 * slashes, backslashes and percent signs, and everything that is not an origin form. Parameters that instruct the provider
 * beyond what the path says are left out.
 */
export function readModelPath(url: string): ModelPath {
  const [, pathText, queryText = ""] = /^(\/[^?#]*)(?:\?([^#]*))?$/.exec(url) ?? [];
  if (pathText === undefined) return { kind: "invalid", why: "the address is no plain path" };
  const [service, ...segments] = pathText.split("/").filter((segment) => segment !== "");
  if (service === undefined) return { kind: "invalid", why: "the path names no service" };
  if (![service, ...segments].every(isPlain)) return { kind: "invalid", why: "the path has a segment that is not understood" };
  const query = new URLSearchParams(queryText);
  const keys = [...query].filter(([name]) => KEY_PARAMETERS.has(name.toLowerCase()));
  for (const [name] of keys) query.delete(name);
  for (const name of [...query.keys()].filter(isInstruction)) query.delete(name);
  const rest = query.toString();
  return { kind: "path", service, path: `/${segments.join("/")}${rest === "" ? "" : `?${rest}`}`, keys: keys.map(([, value]) => value) };
}

/** With these a provider reads another method, other headers or another body out of an address: `$httpMethod`, `$httpHeaders`. */
function isInstruction(name: string): boolean {
  return name.startsWith("$");
}

function isPlain(segment: string): boolean {
  if (!SEGMENT.test(segment)) return false;
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    return false;
  }
  return decoded !== "." && decoded !== ".." && !/[/\\%\p{Cc}]/u.test(decoded) && !/%2e/i.test(segment);
}
