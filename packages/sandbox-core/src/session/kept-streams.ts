import type { SessionId } from "@sbx/contracts";
import type { ExecProcess } from "../ports/engine.ts";
import type { SessionStreams, StreamsOf } from "./session-parts.ts";

/** Ended sessions whose output is kept for `sbx logs`, of all sandboxes together. */
const KEPT_LOGS = 32;

/** Which sessions have their streams here: those that this daemon started and that are not long gone. */
export class KeptStreams {
  readonly #streams: SessionStreams;
  readonly #exits = new Map<SessionId, Promise<number>>();

  constructor(streams: SessionStreams) {
    this.#streams = streams;
  }

  keep(id: SessionId, process: ExecProcess, of: StreamsOf): void {
    this.#exits.set(id, process.exit);
    this.#streams.keep(id, process, of);
  }

  has(id: SessionId): boolean {
    return this.#exits.has(id);
  }

  /** The exit code of the process when it has ended; `undefined` when that is not told here. */
  async exitOf(id: SessionId): Promise<number | undefined> {
    return this.#exits.get(id)?.catch(() => undefined);
  }

  log(id: SessionId): string {
    return this.#streams.log(id);
  }

  drop(id: SessionId): void {
    if (this.#exits.delete(id)) this.#streams.drop(id);
  }

  /** Keep the output of the latest ended sessions only. */
  prune(isRunning: (id: SessionId) => boolean): void {
    const ended = [...this.#exits.keys()].filter((id) => !isRunning(id));
    for (const id of ended.slice(0, -KEPT_LOGS)) this.drop(id);
  }
}
