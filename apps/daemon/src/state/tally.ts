import type { EventInit, RecordEvent, SandboxId, SandboxStats } from "@sbx/contracts";

/** What is counted of each sandbox. */
export type Tallied = Pick<SandboxStats, "network" | "model">;

/** Counts traffic and tokens of sandboxes as they are recorded. Events that the record has no room for are counted all the same. */
export class Tally {
  readonly #of = new Map<SandboxId, Tallied>();

  /** Pass events on, and count them. */
  counting(record: RecordEvent): RecordEvent {
    return (event) => {
      this.#take(event);
      record(event);
    };
  }

  of(sandbox: SandboxId): Tallied {
    return this.#of.get(sandbox) ?? NOTHING;
  }

  forget(sandbox: SandboxId): void {
    this.#of.delete(sandbox);
  }

  #take({ type, sandbox, fields }: EventInit): void {
    if (sandbox === undefined) return;
    const { network, model } = this.of(sandbox);
    const number = (name: string): number => Math.max(0, Number(fields[name]) || 0);
    if (type === "egress.allowed")
      this.#of.set(sandbox, { model, network: { ...network, connections: network.connections + 1, bytesIn: network.bytesIn + number("bytesIn"), bytesOut: network.bytesOut + number("bytesOut") } });
    else if (type === "egress.denied") this.#of.set(sandbox, { model, network: { ...network, refused: network.refused + 1 } });
    else if (type === "model.used")
      this.#of.set(sandbox, { network, model: { requests: model.requests + 1, inputTokens: model.inputTokens + number("inputTokens"), outputTokens: model.outputTokens + number("outputTokens") } });
  }
}

const NOTHING: Tallied = { network: { bytesIn: 0, bytesOut: 0, connections: 0, refused: 0 }, model: { requests: 0, inputTokens: 0, outputTokens: 0 } };
