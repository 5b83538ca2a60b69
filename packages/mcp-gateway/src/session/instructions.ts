import type { Scope } from "../view/scope.ts";

const PER_SERVER = 2000;
const IN_ALL = 8000;

/** What a client is told at the start: how to get more tools, and what the servers that it has say about themselves. */
export function instructions(scope: Scope): string {
  const own = "Tools of many MCP servers behind one endpoint. Look for servers with mcp-find, add one with mcp-add, call a tool that is not listed with mcp-exec.";
  const parts = [own];
  let length = own.length;
  for (const { entry, lists } of scope.slots) {
    const said = lists?.instructions?.slice(0, PER_SERVER);
    if (said === undefined || said === "" || length + said.length > IN_ALL) continue;
    parts.push(`Server '${entry.name}' says: ${said}`);
    length += said.length;
  }
  return parts.join("\n\n");
}
