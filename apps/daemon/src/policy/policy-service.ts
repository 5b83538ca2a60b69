import { randomBytes } from "node:crypto";
import { AppError, type Decision, type Destination, type RecordEvent, type Rule, type RuleEffect, type SandboxId } from "@sbx/contracts";
import type { SandboxRecord } from "@sbx/core";
import { compilePolicy, decide, parseDestinationPattern, type CompiledPolicy } from "@sbx/egress-policy";
import { RuleFile } from "./rule-file.ts";

export interface PolicyParts {
  /** The user's rules, for all sandboxes. */
  readonly userFile: string;
  /** The rules of one sandbox; its directory goes with it. */
  readonly sandboxFile: (id: SandboxId) => string;
  readonly record: RecordEvent;
  /** Called after a rule was added or removed here. An edit of a file shows in the next answer of `of` alone. */
  readonly changed: () => void;
}

/** The rules of everybody, compiled for each sandbox; the same object as before while they have not changed. */
export class PolicyService {
  readonly #parts: PolicyParts;
  readonly #user: RuleFile;
  readonly #own = new Map<SandboxId, RuleFile>();
  readonly #compiled = new Map<SandboxId, { readonly stamp: string; readonly policy: CompiledPolicy }>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#user = new RuleFile(parts.userFile, (problem) => {
      parts.record({ type: "policy.changed", fields: { change: "broken", problem: problem.message } });
    });
  }

  /** What decides for a sandbox now. @throws AppError `CONFIG_INVALID` when its rules cannot be read: nothing is allowed then. */
  of(record: SandboxRecord): CompiledPolicy {
    const stamp = `${this.#user.stamp()} ${this.#fileOf(record).stamp()}`;
    const known = this.#compiled.get(record.id);
    if (known?.stamp === stamp) return known.policy;
    const policy = compilePolicy(this.rules(record));
    this.#compiled.set(record.id, { stamp, policy });
    return policy;
  }

  /** The user's rules; with a sandbox also its own and its profile's. */
  rules(record: SandboxRecord | undefined): readonly Rule[] {
    const user = this.#user.rules();
    if (record === undefined) return user;
    return [...user, ...this.#fileOf(record).rules(), ...requestRules(record), ...record.profileRules];
  }

  /** @throws AppError `CONFIG_INVALID` when the pattern is none. */
  add(effect: RuleEffect, { to, note, record }: { readonly to: string; readonly note: string | undefined; readonly record: SandboxRecord | undefined }): Rule {
    parseDestinationPattern(to);
    const rule: Rule = { id: `${effect}-${randomBytes(4).toString("hex")}`, effect, to, layer: record === undefined ? "user" : "sandbox", ...(note === undefined ? {} : { note }) };
    this.#fileOf(record).add(rule);
    this.#changed({ rule: rule.id, effect, to, change: "added" }, record);
    return rule;
  }

  /** @throws AppError `RULE_UNKNOWN` */
  remove(id: string, record: SandboxRecord | undefined): void {
    if (!this.#fileOf(record).remove(id)) {
      throw new AppError("RULE_UNKNOWN", { message: `There is no rule "${id}"${record === undefined ? " of yours" : ` of sandbox "${record.name}"`}`, fix: "List the rules with: sbx policy ls" });
    }
    this.#changed({ rule: id, change: "removed" }, record);
  }

  check(destination: Destination, record: SandboxRecord | undefined): Decision {
    return decide(record === undefined ? compilePolicy(this.rules(undefined)) : this.of(record), destination);
  }

  forget(id: SandboxId): void {
    this.#compiled.delete(id);
    this.#own.delete(id);
  }

  #fileOf(record: SandboxRecord | undefined): RuleFile {
    if (record === undefined) return this.#user;
    const { id } = record;
    const known =
      this.#own.get(id) ??
      new RuleFile(this.#parts.sandboxFile(id), (problem) => {
        this.#parts.record({ type: "policy.changed", sandbox: id, fields: { change: "broken", problem: problem.message } });
      });
    this.#own.set(id, known);
    return known;
  }

  #changed(fields: Record<string, string>, record: SandboxRecord | undefined): void {
    this.#parts.record({ type: "policy.changed", ...(record === undefined ? {} : { sandbox: record.id }), fields });
    this.#parts.changed();
  }
}

/** What the person allowed on the command line when the sandbox was made. */
function requestRules({ request }: SandboxRecord): readonly Rule[] {
  const rule = (to: string, index: number): Rule => ({ id: `run-${index + 1}`, effect: "allow", to, layer: "sandbox" });
  return [...request.allow, ...request.allowHostPorts.map((port) => `host.docker.internal:${port}`)].map(rule);
}
