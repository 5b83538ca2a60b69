import type { GuardRoute } from "./route.ts";

/** Routes whose path fits, whatever their method. */
export function fittingRoutes(routes: readonly GuardRoute[], segments: readonly string[]): readonly { readonly route: GuardRoute; readonly params: readonly string[] }[] {
  return routes.flatMap((route) => {
    const params = match(route.segments, segments);
    return params === undefined ? [] : [{ route, params }];
  });
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
