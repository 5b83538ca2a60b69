import { createHash } from "node:crypto";
import type { StartServer } from "../ports.ts";

/** What a server offers depends on its entry (with its version or digest) and its configuration; this names both. */
export function listKey({ entry, config }: Pick<StartServer, "entry" | "config">): string {
  return createHash("sha256")
    .update(JSON.stringify([entry, config]))
    .digest("hex")
    .slice(0, 32);
}

/** Keeps what servers offered as long as the gateway lives, for a bounded number of them. */
export class MemoryListStore<T> {
  readonly #lists = new Map<string, T>();
  readonly #most: number;

  constructor(most = 500) {
    this.#most = most;
  }

  get(key: string): T | undefined {
    return this.#lists.get(key);
  }

  put(key: string, lists: T): void {
    this.#lists.delete(key);
    this.#lists.set(key, lists);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > this.#most && oldest !== undefined) this.#lists.delete(oldest);
  }
}
