import { isObject, parseLine } from "./json-line.ts";

/** In whatever version of the protocol an editor says what it can do. */
const CAPABILITIES = ["clientCapabilities", "capabilities"] as const;
/** What of that is on this machine: its files, its programs, and logins by them. */
const OF_THIS_MACHINE: ReadonlySet<string> = new Set(["fs", "terminal", "auth", "_meta"]);

/**
 * What an agent sees of a line of its editor's: the line as it is, but for the one that says what the editor can do. From that
 * files and programs of this machine are left out, so that an agent uses those of its sandbox.
 */
export function readEditorLine(line: Buffer): Buffer {
  if (!line.includes("initialize")) return line;
  const message = parseLine(line);
  const params = message?.["params"];
  if (message?.["method"] !== "initialize" || !isObject(params)) return line;
  const offered = Object.entries(params).map(([key, value]) => [key, CAPABILITIES.some((one) => one === key) && isObject(value) ? inside(value) : value] as const);
  return Buffer.from(`${JSON.stringify({ ...message, params: Object.fromEntries(offered) })}\n`);
}

function inside(capabilities: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(capabilities).filter(([key]) => !OF_THIS_MACHINE.has(key)));
}
