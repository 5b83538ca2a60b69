/** Where a server's own words are, for a failure that they may explain; nothing for one that came before it ran. */
export function failureHint(server: string, reason: string): string {
  return reason.startsWith("The server") ? ` (what it wrote: sbx mcp logs ${server})` : "";
}
