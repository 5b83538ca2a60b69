import type { ServerEntry } from "@sbx/contracts";
import MiniSearch from "minisearch";
import { editsAllowed } from "./nearest-word.ts";
import { WordPlaces } from "./word-places.ts";
import { wordsOf, wordsOfNames } from "./words-of.ts";

const MAX_QUERY = 300;
const MAX_WORDS = 12;
/** Words of a question that may be misspelled; of a long one the rest is taken as it is. */
const MAX_MISSPELLED = 4;
const LARGE = 1000;
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
  readonly entries: readonly ServerEntry[];
  readonly words: WordPlaces;
}

/** Make servers findable. The index is built at the first search, once; entries do not change after that. */
export function createServerIndex(entries: readonly ServerEntry[]): ServerIndex {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  let indexed: Indexed | undefined;
  return {
    find: (name) => byName.get(name),
    search: (query, { limit = 10 } = {}) => {
      indexed ??= buildIndex([...byName.values()]);
      return hitsOf(indexed, { query, limit, byName }).slice(0, limit);
    },
  };
}

function buildIndex(entries: readonly ServerEntry[]): Indexed {
  const words = new WordPlaces();
  const search = new MiniSearch({ idField: "name", fields: Object.keys(BOOST), tokenize, processTerm: (word) => word, searchOptions: { tokenize: wordsOf, boost: BOOST } });
  const documents = entries.map(documentOf);
  for (const document of documents) {
    words.add(new Set(Object.entries(document).flatMap(([field, text]) => tokenize(text, field))));
  }
  search.addAll(documents);
  return { search, entries, words };
}

const tokenize = (text: string, field?: string): string[] => (field === "tools" ? wordsOfNames(text) : wordsOf(text));

function documentOf({ name, title, description, tools, metadata }: ServerEntry): Readonly<Record<string, string>> {
  return {
    name,
    title: title ?? "",
    tools: tools.map((tool) => tool.name).join(" "),
    tags: [metadata.category ?? "", ...metadata.tags].join(" "),
    description: description ?? "",
  };
}

interface Wanted {
  readonly query: string;
  readonly limit: number;
  readonly byName: ReadonlyMap<string, ServerEntry>;
}

function hitsOf({ search, words, entries }: Indexed, { query, limit, byName }: Wanted): readonly ServerHit[] {
  const asked = [...new Set(wordsOf(query.slice(0, MAX_QUERY)))].slice(0, MAX_WORDS);
  const exact = byName.get(query.trim());
  const last = asked.at(-1);
  const misspelled = asked.filter((word) => words.count(word) === undefined).slice(0, MAX_MISSPELLED);
  const large = byName.size > LARGE;
  // In a large catalog very many words are near to one: the nearest is looked for in its place.
  const wanted = large ? [...new Set([...asked, ...misspelled.flatMap((word) => words.known(word) ?? [])])] : asked;
  const found = search.search({
    queries: wanted.map((word) => wordQuery(word, { count: words.count(word), last: word === last, misspelled: !large && misspelled.includes(word), servers: byName.size })),
  });
  const hits = found.flatMap(({ id, score }) => {
    const entry = byName.get(String(id));
    return entry === undefined || entry === exact ? [] : [hit(entry, score)];
  });
  // Where all words are common ones, those servers count in which most of them stand.
  if (large && exact === undefined && hits.length === 0) {
    return words.best(wanted, limit).flatMap(({ text, score }) => (entries[text] === undefined ? [] : [hit(entries[text], score)]));
  }
  return exact === undefined ? hits : [hit(exact, (hits[0]?.score ?? 0) + 1), ...hits];
}

interface AboutWord {
  /** In how many servers it stands. */
  readonly count: number | undefined;
  /** It may yet be going on. */
  readonly last: boolean;
  readonly misspelled: boolean;
  readonly servers: number;
}

/** How one word is looked for. Words that the catalogs know are not misspelled, and only the last one may yet be going on. */
function wordQuery(word: string, { count, last, misspelled, servers }: AboutWord) {
  // In a large catalog a word of every tenth server, or one that may be any of many, says something only as a name.
  const vague = servers > LARGE && (count === undefined || count > servers / 10);
  return {
    queries: [word],
    prefix: word.length > 2 && (count === undefined || last),
    fuzzy: misspelled ? editsAllowed(word) : false,
    weights: { fuzzy: 0.5, prefix: 0.4 },
    ...(vague ? { fields: ["name", "title", "tags"] } : {}),
  };
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
