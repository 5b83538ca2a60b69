import type { ConfigChange, ConfigOfServers } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { present, type FormatOptions } from "./present.ts";
import { parseValue } from "./tools.ts";

interface ConfigRequest extends FormatOptions {
  readonly profile: string;
  readonly set?: readonly string[];
  readonly get?: readonly string[];
  readonly del?: readonly string[];
  readonly getAll?: boolean | undefined;
}

interface Key {
  readonly server: string;
  readonly path: readonly string[];
}

/** Change settings of a set of servers, and print those that were asked for or set. */
export async function changeConfig({ daemon, io }: Context, { profile, set = [], get = [], del = [], getAll, ...options }: ConfigRequest): Promise<void> {
  const settings = set.map(parseSetting);
  const gone = del.map((text) => ({ ...parseKey(text), text }));
  const both = gone.find(({ text }) => settings.some((one) => one.text === text));
  if (both !== undefined) throw new AppError("USAGE", { message: `cannot both delete and set the same config value: ${both.text}`, fix: "Leave one of them out." });
  const changes: ConfigChange[] = [...settings.map(({ change }) => change), ...gone.map(({ server, path }) => ({ server, path: [...path] }))];
  const keys = get.map((text) => ({ ...parseKey(text), text }));
  const { client } = await daemon.connect();
  const config = changes.length === 0 ? await client.readConfig({ profile }) : await client.editConfig({ profile, changes });
  const shown = getAll === true ? flattened(config) : [...keys, ...settings].flatMap(({ text, ...key }) => valueAt(config, key).map((value) => [text, value] as const));
  const result = Object.fromEntries(shown);
  await present(io, options, { result, lines: (all) => Object.entries(all).map(([key, value]) => cleanText(`${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)) });
}

function parseSetting(text: string): Key & { readonly text: string; readonly change: ConfigChange } {
  const at = text.indexOf("=");
  if (at < 0) throw invalid(text, "<serverName>.<configName>=<value>");
  const key = parseKey(text.slice(0, at));
  return { ...key, text: text.slice(0, at), change: { server: key.server, path: [...key.path], value: parseValue(text.slice(at + 1)) } };
}

function parseKey(text: string): Key {
  const [server = "", ...path] = text.split(".");
  if (server === "" || path.length === 0 || path.includes("")) throw invalid(text, "<serverName>.<configName>");
  return { server, path };
}

function invalid(text: string, form: string): AppError {
  return new AppError("USAGE", { message: `invalid config argument: ${text}, expected ${form}`, fix: "Write for example: sbx mcp config set grafana.url=https://grafana.example.org" });
}

function valueAt(config: ConfigOfServers, { server, path }: Key): readonly unknown[] {
  let value: unknown = Object.hasOwn(config, server) ? config[server] : undefined;
  for (const key of path) value = typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined;
  return value === undefined ? [] : [value];
}

function flattened(value: unknown, prefix = ""): readonly (readonly [string, unknown])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[prefix, value]];
  return Object.entries(value).flatMap(([key, below]) => flattened(below, prefix === "" ? key : `${prefix}.${key}`));
}
