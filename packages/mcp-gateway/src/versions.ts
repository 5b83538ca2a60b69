/** Revisions of the protocol that begin with `initialize`, newest first. */
export const REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
export type Revision = (typeof REVISIONS)[number];

/** The revision that we ask servers for, and answer a client with whose own we do not know. */
export const LATEST_REVISION: Revision = REVISIONS[0];

/** What a client speaks that sends no `MCP-Protocol-Version` header. */
export const HEADERLESS_REVISION: Revision = "2025-03-26";

/** Tells a revision that we speak from any other text. */
export function isRevision(value: string | undefined): value is Revision {
  return REVISIONS.some((revision) => revision === value);
}

/** In requests of revisions without `initialize`, `_meta` names the revision under this key. */
const REVISION_KEY = "io.modelcontextprotocol/protocolVersion";

/** The revision that a request itself claims, as the stateless revisions do. */
export function claimedRevision(params: { readonly _meta?: unknown } | undefined): string | undefined {
  const meta = params?._meta;
  if (typeof meta !== "object" || meta === null || !(REVISION_KEY in meta)) return undefined;
  const value = meta[REVISION_KEY];
  return typeof value === "string" ? value : "";
}
