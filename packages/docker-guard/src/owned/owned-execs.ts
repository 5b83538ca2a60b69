import { ExecFacts } from "../engine/engine-answers.ts";
import type { GuardEngine } from "../ports.ts";
import { noSuch } from "../refusal.ts";
import type { ExecCreate } from "../routes/schema/container-config.ts";
import { Quota } from "./quota.ts";

/** A process that was asked for in a container of this sandbox. */
export interface OwnedExec {
  readonly id: string;
  readonly container: string;
  readonly asked: ExecCreate;
}

/** Processes in the containers of one sandbox. They end with the guard's memory of them: the engine forgets them too. */
export class OwnedExecs {
  readonly #all = new Map<string, OwnedExec>();
  readonly #engine: GuardEngine;
  readonly #limit: number;
  readonly quota: Quota;

  constructor({ engine, limit }: { readonly engine: GuardEngine; readonly limit: number }) {
    this.#engine = engine;
    this.#limit = limit;
    this.quota = new Quota({ what: "processes (exec)", limit, used: () => this.#all.size });
  }

  add(exec: OwnedExec): void {
    this.#all.set(exec.id, exec);
  }

  forgetContainer(container: string): void {
    for (const exec of this.#all.values()) if (exec.container === container) this.#all.delete(exec.id);
  }

  /** Ids of an exec are given whole: a name or a prefix is none. @throws Refusal 404 */
  find(id: string): OwnedExec {
    const found = this.#all.get(id);
    if (found === undefined) throw noSuch("exec instance", id);
    return found;
  }

  of(container: string): readonly OwnedExec[] {
    return [...this.#all.values()].filter((exec) => exec.container === container);
  }

  /** Forget what has ended, when there is little room: a client may still want the exit code of the last ones. */
  async makeRoom(): Promise<void> {
    if (this.#all.size < this.#limit / 2) return;
    for (const exec of this.#all.values()) {
      const { status, body } = await this.#engine.call({ method: "GET", path: ["exec", exec.id, "json"] });
      const facts = status === 200 ? ExecFacts.parse(body) : undefined;
      if (facts === undefined || (!facts.Running && typeof facts.ExitCode === "number")) this.#all.delete(exec.id);
    }
  }
}
