import type { Readable } from "node:stream";
import type { GuardEngine } from "@sbx/docker-guard";

interface Made {
  readonly Type: string;
  readonly Actor: { readonly ID: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/** The engine's own word for all that was made in it, whoever made it. Disposing ends it. */
export class EngineLog implements AsyncDisposable {
  readonly #body: Readable;
  readonly #reading: Promise<void>;
  #made: Made[] = [];

  private constructor(body: Readable) {
    this.#body = body;
    this.#reading = this.#read();
  }

  static async follow(engine: GuardEngine): Promise<EngineLog> {
    const { body } = await engine.stream({ method: "GET", path: ["events"], query: { filters: JSON.stringify({ type: ["container", "network"], event: ["create"] }) } });
    return new EngineLog(body);
  }

  /** Networks, and containers that are not among these, that were made since it was asked last. */
  unseen(containers: ReadonlySet<string>): readonly string[] {
    const made = this.#made.filter(({ Type, Actor: { ID } }) => Type !== "container" || !containers.has(ID));
    this.#made = [];
    return made.map(({ Type, Actor: { ID } }) => `${Type} ${ID}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#body.destroy();
    await this.#reading;
  }

  async #read(): Promise<void> {
    let rest = "";
    try {
      for await (const piece of this.#body as AsyncIterable<Buffer>) {
        const lines = `${rest}${piece.toString("utf8")}`.split("\n");
        rest = lines.pop() ?? "";
        this.#made.push(...lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Made));
      }
    } catch {
      // It was ended.
    }
  }
}
