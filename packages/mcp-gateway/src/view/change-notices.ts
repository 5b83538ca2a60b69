/** Lists that a client may be told have changed. */
export type ListKind = "tools" | "prompts" | "resources";

/** Tells of changes once for all that happened within a short time. */
export class ChangeNotices {
  readonly #tell: (kind: ListKind) => void;
  readonly #withinMs: number;
  readonly #pending = new Set<ListKind>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (kind: ListKind) => void, withinMs: number) {
    this.#tell = tell;
    this.#withinMs = withinMs;
  }

  add(kinds: Iterable<ListKind>): void {
    for (const kind of kinds) this.#pending.add(kind);
    if (this.#pending.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, this.#withinMs).unref();
  }

  /** Tell now what is waiting to be told. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kinds = [...this.#pending];
    this.#pending.clear();
    for (const kind of kinds) this.#tell(kind);
  }
}
