import { isDeepStrictEqual } from "node:util";
import { AppError } from "@sbx/contracts/app-error";
import type { ClientKind } from "./client-kinds.ts";
import { jsonForm } from "./json-form.ts";
import { tomlForm } from "./toml-form.ts";
import { yamlForm } from "./yaml-form.ts";

/** A table of a configuration. */
export type Table = Readonly<Record<string, unknown>>;

/** How one kind of text is read and changed in one place. What surrounds that place stays, comments too. */
export interface ConfigForm {
  /** @throws Error that says what is wrong, with a line where it can */
  parse(text: string): unknown;
  /** Put a value where the keys lead, or take it away. */
  edit(text: string, keys: readonly (string | number)[], value: Table | undefined): string;
}

/** Which file is edited, for people, and how its client writes servers down. */
export type ConfigKind = Pick<ClientKind, "form" | "at" | "isList"> & { readonly file: string };

const FORMS: Readonly<Record<ClientKind["form"], ConfigForm>> = { json: jsonForm, toml: tomlForm, yaml: yamlForm };

/** The servers that a configuration has, by name. @throws AppError `CONFIG_INVALID` */
export function serversIn(text: string, kind: ConfigKind): ReadonlyMap<string, Table> {
  const found = within(read(text, kind), kind.at);
  if (found === undefined || found === null) return new Map();
  if (kind.isList === true) {
    if (!Array.isArray(found)) throw unusable(kind, `"${kind.at.join(".")}" is no list`);
    return new Map(found.flatMap((item: unknown) => (isTable(item) && typeof item["name"] === "string" ? [[item["name"], item] as const] : [])));
  }
  if (!isTable(found)) throw unusable(kind, `"${kind.at.join(".")}" is no table`);
  return new Map(Object.entries(found).map(([name, entry]) => [name, isTable(entry) ? entry : {}]));
}

/**
 * Put a server into a configuration, or take it out with `undefined`, and leave everything else as it is. What was
 * written is read again: if anything but that server would change, nothing is written.
 *
 * @throws AppError `CONFIG_INVALID`
 */
export function withServer(text: string, kind: ConfigKind, { name, entry }: { readonly name: string; readonly entry: Table | undefined }): string {
  const before = new Map(serversIn(text, kind));
  const form = FORMS[kind.form];
  const place = kind.isList === true ? placeInList(read(text, kind), kind, name) : [...kind.at, name];
  if (entry === undefined && !before.has(name)) return text;
  const edited = attempt(kind, () => form.edit(text, place, entry));
  const after = entry === undefined ? attempt(kind, () => withoutEmpty(form, edited, kind)) : edited;
  const wanted = new Map(before);
  if (entry === undefined) wanted.delete(name);
  else wanted.set(name, entry);
  const same = isDeepStrictEqual(rest(read(after, kind), kind.at), rest(read(text, kind), kind.at)) && isDeepStrictEqual(sorted(serversIn(after, kind)), sorted(wanted));
  if (!same) throw unusable(kind, "it is written in a way that cannot be edited safely");
  return after;
}

/** Take away a table of servers in which nothing is left. */
function withoutEmpty(form: ConfigForm, text: string, kind: ConfigKind): string {
  const left = within(read(text, kind), kind.at);
  const isEmpty = Array.isArray(left) ? left.length === 0 : isTable(left) && Object.keys(left).length === 0;
  return isEmpty ? form.edit(text, kind.at, undefined) : text;
}

function placeInList(document: Table, { at }: ConfigKind, name: string): readonly (string | number)[] {
  const list = within(document, at);
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  const index = items.findIndex((item) => isTable(item) && item["name"] === name);
  return [...at, index < 0 ? items.length : index];
}

function read(text: string, kind: ConfigKind): Table {
  const document = attempt(kind, () => FORMS[kind.form].parse(text));
  if (document === undefined || document === null) return {};
  if (!isTable(document)) throw unusable(kind, "it is no table");
  return document;
}

function attempt<T>(kind: ConfigKind, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (AppError.is(error)) throw error;
    throw unusable(kind, error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
}

function unusable({ file }: ConfigKind, why: string): AppError {
  return new AppError("CONFIG_INVALID", { message: `${file} is left as it is: ${why}`, fix: "Correct the file, or put the command into it by hand: sbx mcp gateway run" });
}

function within(document: Table, keys: readonly string[]): unknown {
  let value: unknown = document;
  for (const key of keys) value = isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

/** The document without what the keys lead to. Our places are one key deep. */
function rest(document: Table, [key = ""]: readonly string[]): Table {
  const { [key]: _servers, ...others } = document;
  return others;
}

function sorted(servers: ReadonlyMap<string, Table>): readonly (readonly [string, string])[] {
  return [...servers].map(([name, entry]) => [name, JSON.stringify(entry)] as const).toSorted(([one], [other]) => one.localeCompare(other));
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
