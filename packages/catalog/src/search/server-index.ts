import type { ServerEntry } from "@sbx/contracts";
import MiniSearch from "minisearch";
import { wordsOf, wordsOfNames } from "./words-of.ts";

const MAX_QUERY = 300;
const MAX_WORDS = 12;
const BOOST = { name: 4, title: 3, tools: 2, tags: 1, description: 1 };

/** A server that a search found. `score` orders the answers of one search and means nothing beyond it. */
export interface ServerHit {
  readonly entry: ServerEntry;
  readonly score: number;
  /** What the definitions of its tools cost in a context, when the catalog knows it of every one. */
  readonly tokens?: number;
}

/** The servers that may be found. */
export interface ServerIndex {
  /** By its exact name. */
  readonly find: (name: string) => ServerEntry | undefined;
  /** Best first. Words may be misspelled or begun; without a word of the catalog nothing is found. */
  readonly search: (query: string, options?: { readonly limit?: number }) => readonly ServerHit[];
}

interface Indexed {
  readonly search: MiniSearch;
  readonly words: ReadonlySet<string>;
}

/** Make servers findable. The index is built at the first search, once; entries do not change after that. */
export function createServerIndex(entries: readonly ServerEntry[]): ServerIndex {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  let indexed: Indexed | undefined;
  return {
    find: (name) => byName.get(name),
    search: (query, { limit = 10 } = {}) => {
      indexed ??= buildIndex([...byName.values()]);
      return hitsOf(indexed, query, byName).slice(0, limit);
    },
  };
}

function buildIndex(entries: readonly ServerEntry[]): Indexed {
  const words = new Set<string>();
  const tokenize = (text: string, field?: string): string[] => {
    const found = field === "tools" ? wordsOfNames(text) : wordsOf(text);
    for (const word of found) words.add(word);
    return found;
  };
  const search = new MiniSearch({ idField: "name", fields: Object.keys(BOOST), tokenize, processTerm: (word) => word, searchOptions: { tokenize: wordsOf, boost: BOOST } });
  search.addAll(entries.map(documentOf));
  return { search, words };
}

function documentOf({ name, title, description, tools, metadata }: ServerEntry): Readonly<Record<string, string>> {
  return {
    name,
    title: title ?? "",
    tools: tools.map((tool) => tool.name).join(" "),
    tags: [metadata.category ?? "", ...metadata.tags].join(" "),
    description: description ?? "",
  };
}

function hitsOf({ search, words }: Indexed, query: string, byName: ReadonlyMap<string, ServerEntry>): readonly ServerHit[] {
  const wanted = [...new Set(wordsOf(query.slice(0, MAX_QUERY)))].slice(0, MAX_WORDS);
  const exact = byName.get(query.trim());
  const found = search.search(wanted.join(" "), {
    prefix: (word) => word.length > 2,
    // A word that the catalogs know is not misspelled; looking for its neighbours would only find other things.
    fuzzy: (word) => (words.has(word) || word.length < 4 ? false : Math.floor((word.length - 2) / 2)),
    maxFuzzy: 3,
    weights: { fuzzy: 0.5, prefix: 0.4 },
  });
  const hits = found.flatMap(({ id, score }) => {
    const entry = byName.get(String(id));
    return entry === undefined || entry === exact ? [] : [hit(entry, score)];
  });
  return exact === undefined ? hits : [hit(exact, (hits[0]?.score ?? 0) + 1), ...hits];
}

function hit(entry: ServerEntry, score: number): ServerHit {
  const tokens = tokensOf(entry);
  return { entry, score, ...(tokens === undefined ? {} : { tokens }) };
}

/** What the definitions of a server's tools cost in a context. `undefined` when it is not known of each of them. */
export function tokensOf({ tools }: Pick<ServerEntry, "tools">): number | undefined {
  if (tools.length === 0) return undefined;
  return tools.reduce<number | undefined>((sum, { tokens }) => (sum === undefined || tokens === undefined ? undefined : sum + tokens), 0);
}
