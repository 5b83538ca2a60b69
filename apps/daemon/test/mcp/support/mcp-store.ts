import path from "node:path";
import { onTestFinished } from "vitest";
import { openMcpStore } from "../../../src/mcp/open-mcp-store.ts";
import type { McpStore } from "../../../src/mcp/mcp-parts.ts";
import { createScopeStore } from "../../../src/mcp/store/scope-store.ts";
import { openDatabase } from "../../../src/state/database.ts";
import { directory } from "./directory.ts";

/** Where the sandboxes of tests work. */
export const WORKSPACES: Readonly<Record<string, string>> = { sbx_aaaaaaaa: "/home/someone/project", sbx_bbbbbbbb: "/home/someone/other" };

/** The store of a person that has nothing yet, and what was complained about. */
export function anMcpStore(): { readonly store: McpStore; readonly at: string; readonly problems: readonly unknown[] } {
  const at = directory();
  const problems: unknown[] = [];
  const { database } = openDatabase(path.join(at, "sbx.db"), () => new Date());
  onTestFinished(() => {
    database.close();
  });
  const silent = () => undefined;
  const store = openMcpStore({
    config: { configDirectory: at },
    scopes: createScopeStore(database, silent),
    record: ({ fields }) => problems.push(fields["problem"]),
    log: { info: silent, warn: silent, error: silent },
    workspaceOf: (sandbox) => WORKSPACES[sandbox],
    now: () => new Date("2026-01-02T03:04:05.000Z"),
  });
  return { store, at: path.join(at, "mcp"), problems };
}

/** The text of a catalog with these entries, in Docker's form. */
export function catalogWith(entries: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ name: "team", displayName: "Team", registry: entries });
}
