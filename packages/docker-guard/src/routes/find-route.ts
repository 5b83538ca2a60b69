import { printable, Refusal } from "../refusal.ts";
import type { GuardRoute } from "./route.ts";
import { ROUTES } from "./table.ts";

/**
 * Find the one route of the table that a request is for. What is not in the table does not exist.
 *
 * @throws Refusal 404, or 405 when the path is known with another method
 */
export function findRoute(method: string, segments: readonly string[]): { readonly route: GuardRoute; readonly params: readonly string[] } {
  const fitting = ROUTES.flatMap((route) => {
    const params = match(route.path.split("/"), segments);
    return params === undefined ? [] : [{ route, params }];
  });
  const found = fitting.find(({ route }) => route.method === method);
  if (found !== undefined) return found;
  const path = printable(`/${segments.join("/")}`);
  if (fitting.length > 0) throw new Refusal(405, `${printable(method)} ${path} is not offered to a sandbox`);
  throw new Refusal(404, `page not found: ${path} is not offered to a sandbox (docs/docker-api.md lists what is)`);
}

function match(pattern: readonly string[], segments: readonly string[]): readonly string[] | undefined {
  const rest = pattern.findIndex((part) => part.endsWith("*}"));
  if (rest === -1 && pattern.length !== segments.length) return undefined;
  if (rest !== -1) {
    const more = segments.length - pattern.length;
    if (more < 0) return undefined;
    const joined = segments.slice(rest, rest + more + 1).join("/");
    return match([...pattern.slice(0, rest), "{}", ...pattern.slice(rest + 1)], [...segments.slice(0, rest), joined, ...segments.slice(rest + more + 1)]);
  }
  const params: string[] = [];
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] ?? "";
    if (part.startsWith("{")) params.push(segment);
    else if (part !== segment) return undefined;
  }
  return params;
}
