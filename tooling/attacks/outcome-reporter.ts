import path from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";

type Outcome = "held" | "BROKEN" | "skipped";

/** Prints one line per attack, whether the wall held, and at the end a table of how many there were of each kind. */
// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter by its default export
export default class OutcomeReporter implements Reporter {
  readonly #counts = new Map<string, Record<Outcome, number>>();

  onTestCaseResult(attack: TestCase): void {
    const { state, errors } = attack.result();
    const outcome = state === "passed" ? "held" : state === "skipped" ? "skipped" : "BROKEN";
    this.#count(attack.module, outcome, `${attack.fullName}${outcome === "BROKEN" ? detail(errors) : ""}`);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) for (const { message } of module.errors()) this.#count(module, "BROKEN", `${module.relativeModuleId}\n         ${message}`);
    const rows = [...this.#counts].toSorted(([a], [b]) => a.localeCompare(b));
    const sums = (outcome: Outcome): number => rows.reduce((sum, [, counts]) => sum + counts[outcome], 0);
    const cells = [
      ["attacks on", "held", "broken", "skipped"],
      ...rows.map(([kind, { held, BROKEN, skipped }]) => [kind, String(held), String(BROKEN), String(skipped)]),
      ["all", String(sums("held")), String(sums("BROKEN")), String(sums("skipped"))],
    ];
    const width = Math.max(...cells.map(([kind = ""]) => kind.length));
    const line = ([kind = "", ...numbers]: readonly string[]): string => `${kind.padEnd(width)}${numbers.map((number) => number.padStart(9)).join("")}`;
    process.stdout.write(`\n${cells.map(line).join("\n")}\n\n${sums("held")} attacks held, ${sums("BROKEN")} broken\n`);
  }

  #count(module: TestModule, outcome: Outcome, text: string): void {
    const kind = kindOf(module.relativeModuleId);
    const counts = this.#counts.get(kind) ?? { held: 0, BROKEN: 0, skipped: 0 };
    counts[outcome] += 1;
    this.#counts.set(kind, counts);
    process.stdout.write(`${outcome.padEnd(8)} ${text}\n`);
  }
}

/** What a file of attacks is against: `tooling/attacks/mcp/pods.engine.test.ts` is `mcp: pods`. */
function kindOf(file: string): string {
  return `${path.basename(path.dirname(file))}: ${path.basename(file).replace(/(?:\.engine)?\.test\.ts$/, "")}`;
}

function detail(errors: ReturnType<TestCase["result"]>["errors"]): string {
  return errors === undefined ? "" : `\n         ${errors.map(({ message }) => message).join("; ")}`;
}
