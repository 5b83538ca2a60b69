import { isObject, parseLine, type Message } from "./json-line.ts";

/** What becomes of a line that an agent sends to its editor. */
export type AgentLine =
  | { readonly kind: "message"; readonly text: string }
  /** `answer` goes to the agent in the editor's place, where it waits for one. */
  | { readonly kind: "refused"; readonly method: string; readonly answer?: string }
  /** It is no message. */
  | { readonly kind: "other" };

/** What an agent may ask of an editor or tell it: about its own sessions, questions to the person, and what it gives up. */
const ALLOWED = /^(?:session|elicitation|\$)\//;
const KEYS: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);
const METHOD_NOT_FOUND = -32_601;

/**
 * Decide what an editor sees of a line of an agent's. An editor reads and writes files of this machine and starts programs on
 * it where an agent asks for that by the protocol: such requests are refused. What passes is written anew, so that the editor
 * can read nothing else in it.
 */
export function readAgentLine(line: Uint8Array): AgentLine {
  const message = parseLine(line);
  if (message === undefined || ("method" in message && typeof message["method"] !== "string")) return { kind: "other" };
  const { id, method } = message;
  if (typeof method === "string" && !ALLOWED.test(method)) return { kind: "refused", method: method.slice(0, 100), ...("id" in message ? { answer: answerTo(id, method.slice(0, 100)) } : {}) };
  try {
    return { kind: "message", text: `${JSON.stringify(plain(message))}\n` };
  } catch {
    // It is nested more deeply than can be written.
    return { kind: "other" };
  }
}

function answerTo(id: unknown, method: string): string {
  const known = typeof id === "string" || typeof id === "number" ? id : null;
  return `${JSON.stringify({ jsonrpc: "2.0", id: known, error: { code: METHOD_NOT_FOUND, message: `"${method}" is not there for an agent in a sandbox: its files and programs are those of the sandbox` } })}\n`;
}

/** The message's own keys, without ways to log in that have the editor start a program on this machine. */
function plain(message: Message): Message {
  const known = Object.entries(message).filter(([key]) => KEYS.has(key));
  return Object.fromEntries(known.map(([key, value]) => [key, key === "result" ? plainResult(value) : key === "error" ? plainError(value) : value]));
}

function plainError(error: unknown): unknown {
  return isObject(error) ? Object.fromEntries(Object.entries(error).map(([key, value]) => [key, key.toUpperCase() === "DATA" ? plainResult(value) : value])) : error;
}

function plainResult(result: unknown): unknown {
  // Some readers take keys in whatever case they stand.
  return isObject(result) ? Object.fromEntries(Object.entries(result).map(([key, value]) => [key, key.toUpperCase() === "AUTHMETHODS" ? plainLogins(value) : value])) : result;
}

function plainLogins(methods: unknown): readonly unknown[] {
  if (!Array.isArray(methods)) return [];
  return methods.filter((method) => isObject(method)).flatMap(({ type, id, name, description }) => (type === undefined || type === "agent" ? [{ id, name, description }] : []));
}
