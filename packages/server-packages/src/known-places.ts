/** Kinds of clients that have an index. */
type Kind = "npm" | "pypi";

/** Hosts of files that are remembered for one index. */
const MOST_FILES = 8;
const MOST_INDEXES = 32;

/** What installations learned of indexes: a guess for the next one, which finds out whether it still holds. */
export class KnownPlaces {
  readonly #indexes = new Map<Kind, string>();
  readonly #files = new Map<string, readonly URL[]>();

  /** The index that a client asks by itself, when it said so before. */
  index(kind: Kind): string | undefined {
    return this.#indexes.get(kind);
  }

  noteIndex(kind: Kind, index: string): void {
    this.#indexes.set(kind, index);
  }

  /** One address for each host at which the index had the files of a package last. */
  files(index: URL): readonly URL[] {
    return this.#files.get(index.href) ?? [];
  }

  noteFiles(index: URL, files: readonly URL[]): void {
    const hosts = [...new Map(files.map((url) => [url.host, url])).values()].slice(0, MOST_FILES);
    this.#files.delete(index.href);
    this.#files.set(index.href, hosts);
    const [oldest] = this.#files.keys();
    if (this.#files.size > MOST_INDEXES && oldest !== undefined) this.#files.delete(oldest);
  }
}
