const MAX_CHARACTERS = 64 * 1024;
const MAX_SERVERS = 100;

/** What servers that have ended wrote last: a person looks for it when a server did not start, and then nothing of it is left to ask. */
export class LastLogs {
  readonly #texts = new Map<string, string>();

  put(server: string, text: string): void {
    this.#texts.delete(server);
    if (text === "") return;
    this.#texts.set(server, text.slice(-MAX_CHARACTERS));
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= MAX_SERVERS) break;
      this.#texts.delete(oldest);
    }
  }

  /** Empty for a server that wrote nothing. */
  get(server: string): string {
    return this.#texts.get(server) ?? "";
  }
}
