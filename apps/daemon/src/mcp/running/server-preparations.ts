import type { ServerPlan } from "@sbx/catalog";
import type { RecordEvent } from "@sbx/contracts";
import type { ServerProgram, ServerPrograms } from "./server-programs.ts";

export interface ServerPreparationsParts {
  readonly programs: ServerPrograms;
  readonly record: RecordEvent;
  /** Milliseconds of a clock that only grows. */
  readonly now: () => number;
}

/** A server whose image or package is just being brought. */
export interface Preparation {
  readonly server: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly step: string;
}

interface Work {
  readonly server: string;
  readonly since: number;
  step: string;
}

/** Brings what servers are made of, and tells as `server.progress` how that goes. What is there already is told of by nobody. */
export class ServerPreparations {
  readonly #parts: ServerPreparationsParts;
  readonly #works = new Set<Work>();

  constructor(parts: ServerPreparationsParts) {
    this.#parts = parts;
  }

  /** What is being brought now and takes long enough to be told of. */
  current(): readonly Preparation[] {
    return [...this.#works].filter(({ step }) => step !== "").map((work) => ({ ...work }));
  }

  /** @throws what finding a program throws, or the signal's reason */
  async prepare(plan: ServerPlan, { progress, signal }: { readonly progress: (line: string) => void; readonly signal: AbortSignal }): Promise<ServerProgram> {
    const { programs, record, now } = this.#parts;
    const { kind } = plan.source;
    if (kind === "remote") throw new Error(`${plan.name} runs elsewhere`);
    const begun = now();
    const work: Work = { server: plan.name, since: Date.now(), step: "" };
    const tell = (state: string, more: Readonly<Record<string, string | number>> = {}): void => {
      record({ type: "server.progress", fields: { server: plan.name, step: `preparing ${plan.name}`, state, ...more } });
    };
    this.#works.add(work);
    try {
      const program = await programs[kind](plan, {
        progress: (line) => {
          if (line.trim() === "") return;
          if (work.step === "") tell("started");
          work.step = line.slice(0, 300);
          tell("line", { text: work.step });
          progress(work.step);
        },
        signal,
      });
      if (work.step !== "") tell("done", { ms: Math.round(now() - begun) });
      return program;
    } catch (error) {
      if (work.step !== "") tell("failed", { ms: Math.round(now() - begun) });
      throw error;
    } finally {
      this.#works.delete(work);
    }
  }
}
