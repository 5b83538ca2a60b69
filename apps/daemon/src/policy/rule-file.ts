import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { AppError, PolicyDocument, type Rule } from "@sbx/contracts";
import { compilePolicy } from "@sbx/egress-policy";
import * as z from "zod";

/**
 * A list of rules in a JSON file (a `PolicyDocument`) that people may edit too.
 *
 * A change of the file holds for the next question. A file that breaks leaves the rules that it had in force; one that is
 * broken from the beginning gives none to go by: what would be decided with it is refused.
 */
export class RuleFile {
  readonly #file: string;
  readonly #onBroken: (problem: AppError) => void;
  #stamp: string | undefined;
  #rules: readonly Rule[] | undefined;
  #problem: AppError | undefined;

  constructor(file: string, onBroken: (problem: AppError) => void) {
    this.#file = file;
    this.#onBroken = onBroken;
  }

  /** Changes whenever the rules in force may have changed. */
  stamp(): string {
    this.#refresh();
    return this.#stamp ?? "";
  }

  /** @throws AppError `CONFIG_INVALID` when the file never was readable. */
  rules(): readonly Rule[] {
    this.#refresh();
    if (this.#rules !== undefined) return this.#rules;
    throw this.#problem ?? new Error(`${this.#file} was not read`);
  }

  /** Put a rule at the end. @throws AppError `CONFIG_INVALID` when the file is broken: it would lose what stands in it. */
  add(rule: Rule): void {
    this.#write([...this.#current(), rule]);
  }

  /** Whether there was one. */
  remove(id: string): boolean {
    const before = this.#current();
    const after = before.filter((rule) => rule.id !== id);
    if (after.length === before.length) return false;
    this.#write(after);
    return true;
  }

  #current(): readonly Rule[] {
    const rules = this.rules();
    if (this.#problem !== undefined) throw this.#problem;
    return rules;
  }

  #write(rules: readonly Rule[]): void {
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const fresh = `${this.#file}.${process.pid}.new`;
    writeFileSync(fresh, `${JSON.stringify({ version: 1, rules }, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(fresh, this.#file);
    this.#refresh();
  }

  #refresh(): void {
    const stamp = stampOf(this.#file);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      this.#rules = stamp === ABSENT ? [] : parse(readFileSync(this.#file, "utf8"));
      this.#problem = undefined;
    } catch (error) {
      this.#problem = broken(this.#file, error);
      this.#onBroken(this.#problem);
    }
  }
}

const ABSENT = "absent";

function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? ABSENT : `${found.ino}:${found.mtimeNs}:${found.size}`;
}

function parse(text: string): readonly Rule[] {
  const { rules } = PolicyDocument.parse(JSON.parse(text));
  compilePolicy(rules);
  return rules;
}

function broken(file: string, cause: unknown): AppError {
  const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : String(cause);
  return new AppError("CONFIG_INVALID", { message: `${file} cannot be used: ${why}`, fix: `Correct the file, or move it away to begin with no rules: mv '${file}' '${file}.broken'`, cause });
}
