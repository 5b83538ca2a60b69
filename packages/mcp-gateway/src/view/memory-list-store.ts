import type { ListKey, ListStore, ServerLists } from "../ports.ts";

/** Keeps what servers offered as long as the gateway lives, for a bounded number of them. */
export class MemoryListStore implements ListStore {
  readonly #lists = new Map<string, ServerLists>();
  readonly #most: number;

  constructor(most = 500) {
    this.#most = most;
  }

  get({ owner, server }: ListKey): ServerLists | undefined {
    return this.#lists.get(`${owner}/${server}`);
  }

  put({ owner, server }: ListKey, lists: ServerLists): void {
    const key = `${owner}/${server}`;
    this.#lists.delete(key);
    this.#lists.set(key, lists);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > this.#most && oldest !== undefined) this.#lists.delete(oldest);
  }
}
