import { randomBytes } from "node:crypto";
import { AppError, type Decision, type Destination, type RecordEvent, type Rule, type RuleEffect, type SandboxId } from "@sbx/contracts";
import type { SandboxRecord, SandboxStore } from "@sbx/core";
import { compilePolicy, decide, parseDestinationPattern, type CompiledPolicy } from "@sbx/egress-policy";

export interface PolicyParts {
  readonly store: SandboxStore;
  readonly record: RecordEvent;
}

/** The rules of everybody, compiled for each sandbox; a change holds for the next connection. */
export class PolicyService {
  readonly #parts: PolicyParts;
  readonly #compiled = new Map<SandboxId, CompiledPolicy>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  /** What decides for a sandbox now. */
  of(record: SandboxRecord): CompiledPolicy {
    const known = this.#compiled.get(record.id);
    if (known !== undefined) return known;
    const compiled = compilePolicy(this.rules(record));
    this.#compiled.set(record.id, compiled);
    return compiled;
  }

  /** The user's rules; with a sandbox also its own and its profile's. */
  rules(record: SandboxRecord | undefined): readonly Rule[] {
    const user = this.#parts.store.rules(undefined);
    if (record === undefined) return user;
    return [...user, ...this.#parts.store.rules(record.id), ...requestRules(record), ...record.profileRules];
  }

  /** @throws AppError `CONFIG_INVALID` when the pattern is none. */
  add(effect: RuleEffect, { to, note, record }: { readonly to: string; readonly note: string | undefined; readonly record: SandboxRecord | undefined }): Rule {
    parseDestinationPattern(to);
    const rule: Rule = { id: `${effect}-${randomBytes(4).toString("hex")}`, effect, to, layer: record === undefined ? "user" : "sandbox", ...(note === undefined ? {} : { note }) };
    this.#parts.store.putRule(record?.id, rule);
    this.#changed({ rule: rule.id, effect, to, change: "added" }, record);
    return rule;
  }

  /** @throws AppError `RULE_UNKNOWN` */
  remove(id: string, record: SandboxRecord | undefined): void {
    if (!this.#parts.store.removeRule(record?.id, id)) {
      throw new AppError("RULE_UNKNOWN", { message: `There is no rule "${id}"${record === undefined ? " of yours" : ` of sandbox "${record.name}"`}`, fix: "List the rules with: sbx policy ls" });
    }
    this.#changed({ rule: id, change: "removed" }, record);
  }

  check(destination: Destination, record: SandboxRecord | undefined): Decision {
    return decide(record === undefined ? compilePolicy(this.rules(undefined)) : this.of(record), destination);
  }

  forget(id: SandboxId): void {
    this.#compiled.delete(id);
  }

  #changed(fields: Record<string, string>, record: SandboxRecord | undefined): void {
    if (record === undefined) this.#compiled.clear();
    else this.#compiled.delete(record.id);
    this.#parts.record({ type: "policy.changed", ...(record === undefined ? {} : { sandbox: record.id }), fields });
  }
}

/** What the person allowed on the command line when the sandbox was made. */
function requestRules({ request }: SandboxRecord): readonly Rule[] {
  const rule = (to: string, index: number): Rule => ({ id: `run-${index + 1}`, effect: "allow", to, layer: "sandbox" });
  return [...request.allow, ...request.allowHostPorts.map((port) => `host.docker.internal:${port}`)].map(rule);
}
