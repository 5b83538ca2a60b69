/** Names of one directory that are looked at. More of them are somebody's data, or are there to hide others. */
export const MAX_NAMES = 20_000;

/** What is looked at of a directory, and whether that is less than there is. */
export interface ImportantFirst<Entry> {
  readonly entries: readonly Entry[];
  readonly isCut: boolean;
}

/**
 * The entries of one directory in the order in which they matter to the host, at most `most` of them: `.git`, then names
 * that begin with a dot, where settings are, then the rest. A sandbox can make names without number; what programs of
 * the host look for is found among them all the same.
 */
export function importantFirst<Entry>(entries: readonly Entry[], nameOf: (entry: Entry) => string, most: number): ImportantFirst<Entry> {
  const groups: readonly [Entry[], Entry[], Entry[]] = [[], [], []];
  for (const entry of entries) {
    const name = nameOf(entry);
    groups[name === ".git" ? 0 : name.startsWith(".") ? 1 : 2].push(entry);
  }
  return { entries: groups.flat().slice(0, most), isCut: entries.length > most };
}
