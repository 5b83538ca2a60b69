import type { ServerConfig } from "@sbx/contracts";
import { configRefused } from "./check-value.ts";
import { parseTemplate, type TemplateFunction, type TemplatePart } from "./template.ts";

/**
 * One piece of a value after evaluation. `config` says that a person's configuration, and not the catalog, said it;
 * such a piece is data and is never looked at again for templates or variables.
 */
export interface Piece {
  readonly text: string;
  readonly config: boolean;
}

/** What is asked of each value of the configuration before it is put anywhere. Throws for one that may not stand there. */
export type CheckValue = (value: string, path: string) => void;

/** The configuration that templates are evaluated on: that of the entry itself and no other server's. */
export interface TemplateScope {
  readonly server: string;
  readonly config: ServerConfig;
  readonly check: CheckValue;
}

/** A value after evaluation. `empty` says that it had places and that nothing came to stand in any of them. */
export interface Evaluated {
  readonly pieces: readonly Piece[];
  readonly empty: boolean;
}

const MAX_LENGTH = 128 * 1024;

interface Value {
  readonly items: readonly Piece[];
  readonly list: boolean;
}

/**
 * Evaluate one value of an entry. A value that is one place and nothing else gives as many as the list that stands there;
 * in the midst of a text the items of a list are joined by commas. Unknown keys give nothing.
 *
 * @throws AppError `CATALOG_INVALID` for what is no template, `CONFIG_INVALID` for more than 128 KiB, and what `check` throws
 */
export function evaluate(text: string, scope: TemplateScope): readonly Evaluated[] {
  const parts = parseTemplate(text);
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "place") return placeItems(only, scope);
  const values = parts.map((part) => (part.kind === "text" ? { pieces: [{ text: part.text, config: false }], place: false } : { pieces: joined(valueAt(part, scope)), place: true }));
  const places = values.filter(({ place }) => place);
  const pieces = values.flatMap((value) => value.pieces);
  // A long value at many places would be many times as long.
  if (pieces.reduce((sum, piece) => sum + piece.text.length, 0) > MAX_LENGTH) throw configRefused(scope.server, "a value", `makes "${text.slice(0, 50)}" longer than 128 KiB`);
  return [{ pieces, empty: places.length > 0 && places.every(({ pieces }) => textOf(pieces) === "") }];
}

/** The text of pieces, where it no longer matters who said what. */
export function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join("");
}

type Place = TemplatePart & { readonly kind: "place" };

function placeItems(place: Place, scope: TemplateScope): readonly Evaluated[] {
  const { items } = valueAt(place, scope);
  return items.filter(({ text }) => text !== "").map((piece) => ({ pieces: [piece], empty: false }));
}

function joined({ items }: Value): readonly Piece[] {
  return items.flatMap((piece, index) => (index === 0 ? [piece] : [{ text: ",", config: false }, piece]));
}

function valueAt({ path, functions }: Place, scope: TemplateScope): Value {
  const found = lookUp(path, scope);
  for (const { text } of found.items) scope.check(text, path);
  return functions.reduce(apply, found);
}

function lookUp(path: string, { server, config }: TemplateScope): Value {
  const nothing = { items: [], list: false };
  if (!path.startsWith(`${server}.`)) return nothing;
  const key = path.slice(server.length + 1);
  const value = Object.hasOwn(config, key) ? config[key] : key.split(".").reduce<unknown>((inner, part) => own(inner, part), config);
  if (Array.isArray(value)) return { items: value.flatMap((item) => scalar(item)), list: true };
  return { items: scalar(value), list: false };
}

function own(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function scalar(value: unknown): readonly Piece[] {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [{ text: String(value), config: true }] : [];
}

function apply(value: Value, step: TemplateFunction): Value {
  switch (step.name) {
    case "into":
      return { items: value.items, list: true };
    case "first":
      return { items: value.items.slice(0, 1), list: false };
    case "last":
      return { items: value.items.slice(-1), list: false };
    case "or":
      return value.items.some(({ text }) => text !== "") ? value : fallbackOf(step.fallback);
    case "volume":
      return each(value, (path) => `${path}:${insidePath(path)}`);
    case "volume-target":
      return each(value, insidePath);
    case "mount_as":
      return each(value, (path) => `${path}:${step.target}`);
  }
}

function fallbackOf(fallback: string | readonly string[]): Value {
  return typeof fallback === "string" ? { items: [{ text: fallback, config: false }], list: false } : { items: fallback.map((text) => ({ text, config: false })), list: true };
}

function each({ items, list }: Value, change: (path: string) => string): Value {
  return { items: items.filter(({ text }) => text !== "").map(({ text, config }) => ({ text: change(text), config })), list };
}

/** How a path of the host is called in the container: the same, and for `C:\data` `/c/data`. */
function insidePath(path: string): string {
  const windows = /^([A-Za-z]):[\\/](.*)$/s.exec(path);
  return windows === null ? path : `/${windows[1]?.toLowerCase() ?? ""}/${windows[2]?.replaceAll("\\", "/") ?? ""}`;
}
