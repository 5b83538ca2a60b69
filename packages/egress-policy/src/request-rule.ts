import { AppError, type Rule } from "@sbx/contracts";
import { matchesExactly, matchesLoosely, parsePathPattern, type PathMatcher } from "./path-pattern.ts";
import type { DestinationMatcher } from "./pattern.ts";
import { readPath, type RequestPath } from "./request-path.ts";

/** A request of HTTP as it was sent: its method, and its target in origin form (path and query). */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
}

/** A request that can be read in one way only. `path` is absent for the target `*`, which names none. */
export interface ReadRequest {
  readonly method: string;
  readonly path: RequestPath | undefined;
}

/** Which requests a rule is about. */
export interface RequestMatcher {
  /** In capitals; absent: every method. */
  readonly methods?: ReadonlySet<string>;
  /** Absent: every path. */
  readonly paths?: readonly PathMatcher[];
}

/** What a rule says of requests; `undefined` for one that is about whole connections. @throws AppError `CONFIG_INVALID` */
export function compileRequests({ methods, paths, to }: Rule, { host }: DestinationMatcher): RequestMatcher | undefined {
  if (methods === undefined && paths === undefined) return undefined;
  if (host.kind === "network")
    throw new AppError("CONFIG_INVALID", {
      message: `A rule about single requests names its host by an address: ${to}`,
      fix: "Name the host, such as api.example.org, or leave methods and paths out.",
    });
  return {
    ...(methods === undefined || methods.includes("ANY") ? {} : { methods: new Set(methods) }),
    ...(paths === undefined ? {} : { paths: paths.map(parsePathPattern) }),
  };
}

/** `undefined` where servers could read it differently. */
export function readRequest({ method, target }: HttpRequest): ReadRequest | undefined {
  if (target === "*") return { method, path: undefined };
  const path = readPath(target);
  return path === undefined ? undefined : { method, path };
}

/** Whether a rule that allows is about this request, to the letter. */
export function isAllowedRequest(matcher: RequestMatcher | undefined, { method, path }: ReadRequest): boolean {
  if (matcher === undefined) return true;
  const { methods, paths } = matcher;
  return (methods === undefined || methods.has(method)) && (paths === undefined || (path !== undefined && paths.some((one) => matchesExactly(one, path))));
}

/** Whether a rule that denies could be about this request, however a server reads it. */
export function isDeniedRequest(matcher: RequestMatcher | undefined, { method, path }: ReadRequest): boolean {
  if (matcher === undefined) return true;
  const { methods, paths } = matcher;
  return (methods === undefined || methods.has(method.toUpperCase())) && (paths === undefined || path === undefined || paths.some((one) => matchesLoosely(one, path)));
}
