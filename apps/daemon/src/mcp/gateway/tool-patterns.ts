import type { ServerEntry } from "@sbx/contracts";

/**
 * Which tools patterns of a command line offer: `tool`, `server:tool`, `server:*`, `image:tool`, `image:*`, `*`, in any
 * case of letters. No pattern offers all.
 */
export function toolsOffered(patterns: readonly string[], find: (server: string) => ServerEntry | undefined): (tool: { readonly server: string; readonly tool: string }) => boolean {
  if (patterns.length === 0) return () => true;
  const wanted = patterns.map((pattern) => pattern.toLowerCase());
  return ({ server, tool }) => {
    const source = find(server)?.source;
    const owners = [server, ...(source?.kind === "image" ? [source.image, withoutVersion(source.image)] : [])].map((owner) => owner.toLowerCase());
    const name = tool.toLowerCase();
    return wanted.some((pattern) => pattern === "*" || pattern === name || owners.some((owner) => pattern === `${owner}:${name}` || pattern === `${owner}:*`));
  };
}

/** `mcp/fetch:1@sha256:…` is `mcp/fetch`. */
function withoutVersion(image: string): string {
  const [named = ""] = image.split("@");
  const colon = named.lastIndexOf(":");
  return colon > named.lastIndexOf("/") ? named.slice(0, colon) : named;
}
