import { AppError } from "@sbx/contracts";
import type { McpParts } from "../mcp-parts.ts";

/** What came of preparing a server; what it lacks keeps it from being tried. */
export interface Prepared {
  /** How many tools it offers, once it was tried. */
  readonly tools?: number;
  /** Why it does not start. */
  readonly failed?: string;
  readonly lacks: string[];
}

/**
 * Bring what a server of a set is made of, start it once, and read what it offers, so that nobody waits for that later. One
 * that runs elsewhere is left for its first use.
 *
 * @throws AppError `SERVER_UNKNOWN`, and what bringing it throws
 */
export async function prepareServer({ servers, gateway, tools, store }: McpParts, { profile, server }: { readonly profile: string; readonly server: string }, signal: AbortSignal): Promise<Prepared> {
  const found = store.catalogs.find(server);
  const enabled = store.sets
    .get(profile)
    .profile()
    .servers.find(({ name }) => name === server);
  if (found === undefined || enabled === undefined) throw new AppError("SERVER_UNKNOWN", { message: `"${server}" is not enabled`, fix: `Enable it first: sbx mcp server enable ${server}` });
  const lacks = await servers.lacks(server, enabled.config);
  if (lacks.length > 0 || found.entry.source.kind === "remote") return { lacks };
  await gateway.prepare(found.entry, enabled.config, signal);
  const { tools: listed, failed } = await tools.listOf(() => [enabled], signal);
  const [first] = failed;
  return first === undefined ? { tools: listed.length, lacks } : { failed: first.reason, lacks };
}
