import { printable, Refusal } from "../refusal.ts";
import { fittingRoutes } from "./fitting-routes.ts";
import type { GuardRoute } from "./route.ts";
import { ROUTES } from "./table.ts";

/** Routes by the first word of their path, which is never one that a client fills in. */
const BY_WORD = Map.groupBy(ROUTES, ({ segments: [word] }) => word);

/**
 * Find the one route of the table that a request is for. What is not in the table does not exist.
 *
 * @throws Refusal 404, or 405 when the path is known with another method
 */
export function findRoute(method: string, segments: readonly string[]): { readonly route: GuardRoute; readonly params: readonly string[] } {
  const fitting = fittingRoutes(BY_WORD.get(segments[0]) ?? [], segments);
  const found = fitting.find(({ route }) => route.method === method);
  if (found !== undefined) return found;
  const path = printable(`/${segments.join("/")}`);
  if (fitting.length > 0) throw new Refusal(405, `${printable(method)} ${path} is not offered to a sandbox`);
  throw new Refusal(404, `page not found: ${path} is not offered to a sandbox (docs/docker-api.md lists what is)`);
}
