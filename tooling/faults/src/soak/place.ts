import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Lab, Outcome } from "../../lab.ts";

/** Longer than any command takes on a busy machine: one that hangs is a fault. */
const DEADLINE_MS = 180_000;

/** A workspace with its sandbox, which one actor at a time works with. */
export class Place {
  readonly name: string;
  readonly workspace: string;
  readonly #lab: Lab;

  constructor(lab: Lab, number: number) {
    this.#lab = lab;
    this.name = `soak-${String(number)}`;
    this.workspace = lab.workspace(`w${String(number)}`);
    mkdirSync(path.join(lab.root, "out"), { recursive: true });
  }

  /** A path beside the workspaces, for what is copied out. */
  outside(name: string): string {
    return path.join(this.#lab.root, "out", `${this.name}-${name}`);
  }

  /** An sbx command, to its end. @throws when it hangs */
  async sbx(...args: readonly string[]): Promise<Outcome> {
    const { child, done } = this.#lab.begin(args, { cwd: this.workspace });
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    try {
      const outcome = await done;
      if (child.signalCode === "SIGKILL") throw new Error(`sbx ${args.join(" ")} hung: ${outcome.err}`);
      return outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A command in the sandbox, made where there is none. */
  async run(...command: readonly string[]): Promise<Outcome> {
    return this.sbx("run", "-q", "--name", this.name, "shell", "--", ...command);
  }

  /** Begin a command in the sandbox and kill the command line with it. */
  async runAndKill(...command: readonly string[]): Promise<void> {
    const { child, done } = this.#lab.begin(["run", "-q", "--name", this.name, "shell", "--", ...command], { cwd: this.workspace });
    setTimeout(() => child.kill("SIGKILL"), 400);
    await done;
  }

  /** Containers of the sandbox with a role, as the engine has them. */
  async containers(role: string): Promise<readonly string[]> {
    const found = await this.#lab.docker("ps", "-q", "--filter", `label=dev.sbx.owner=${this.#lab.owner}`, "--filter", `label=dev.sbx.role=${role}`, "--filter", `name=${this.name}`);
    return found.split("\n").filter((line) => line !== "");
  }

  /** Where the engine is gone just then, nothing is killed. */
  async kill(role: string): Promise<void> {
    for (const id of await this.containers(role).catch(() => [])) await this.#lab.docker("kill", id).catch(() => "");
  }

  read(name: string): string {
    return readFileSync(name, "utf8");
  }
}
