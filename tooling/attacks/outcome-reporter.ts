import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Prints one line per attack: whether the wall held, and the name of the attack. */
// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter by its default export
export default class OutcomeReporter implements Reporter {
  #held = 0;
  #broken = 0;

  onTestCaseResult(attack: TestCase): void {
    const { state, errors } = attack.result();
    if (state === "skipped") return this.#print("skipped", attack.fullName, attack.result().state);
    if (state === "passed") this.#held += 1;
    else this.#broken += 1;
    this.#print(state === "passed" ? "held" : "BROKEN", attack.fullName, errors?.map(({ message }) => message).join("; "));
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      for (const { message } of module.errors()) {
        this.#broken += 1;
        this.#print("BROKEN", module.relativeModuleId, message);
      }
    }
    process.stdout.write(`\n${this.#held} attacks held, ${this.#broken} broken\n`);
  }

  #print(outcome: string, name: string, detail: string | undefined): void {
    process.stdout.write(`${outcome.padEnd(8)} ${name}${outcome === "BROKEN" && detail !== undefined ? `\n         ${detail}` : ""}\n`);
  }
}
