import { stringify } from "smol-toml";
import type { AgentConfig } from "./agent-capability.ts";
import type { SeedFile } from "./profile.ts";
import { renderJson, type ProfileFacts } from "./template.ts";

/** What the gateway is called among an agent's MCP servers; agents put it before the names of tools. */
const GATEWAY_ENTRY = "sbx";

/**
 * Add the entry of the sandbox's MCP gateway to an agent's own file, which is among `files` or is made. It is written
 * into the home with the others, so an agent finds the gateway without anything in the workspace.
 */
export function withGatewayEntry(files: readonly SeedFile[], mcp: AgentConfig["mcp"], facts: ProfileFacts): readonly SeedFile[] {
  if (mcp === undefined) return files;
  const { path, keys } = mcp;
  const entry = renderJson(mcp.entry, facts);
  const there = files.find((file) => file.path === path);
  const content = path.endsWith(".toml") ? inToml(there?.content ?? "", { keys, entry }) : inJson(there?.content ?? "{}", { keys, entry });
  if (there === undefined) return [...files, { path, content, mode: 0o600, overwrite: false }];
  return files.map((file) => (file === there ? { ...file, content } : file));
}

interface Placed {
  readonly keys: readonly string[];
  readonly entry: unknown;
}

function inJson(text: string, { keys, entry }: Placed): string {
  const document: unknown = JSON.parse(text);
  return `${JSON.stringify(withKeys(document, [...keys, GATEWAY_ENTRY], entry), undefined, 2)}\n`;
}

function withKeys(value: unknown, [key, ...rest]: readonly string[], entry: unknown): unknown {
  if (key === undefined) return entry;
  const object: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  return { ...object, [key]: withKeys(Object.hasOwn(object, key) ? object[key] : undefined, rest, entry) };
}

/** A table at the end of a TOML file belongs to its root, whatever table stands before it. */
function inToml(text: string, { keys, entry }: Placed): string {
  const table = stringify(withKeys({}, [...keys, GATEWAY_ENTRY], entry));
  return `${text.trimEnd()}\n\n${table.trim()}\n`.trimStart();
}
