import path from "node:path";
import { SandboxServerRule, type AppError, type SandboxId } from "@sbx/contracts";
import { isSeq, type Document } from "yaml";
import * as z from "zod";
import { bySchema } from "./parse-yaml.ts";
import { YamlFile } from "./yaml-file.ts";

/** `rules.yaml`: what a person has said about servers. */
const RulesFile = z.strictObject({
  rules: z
    .array(SandboxServerRule)
    .max(10_000)
    .nullish()
    .transform((value) => value ?? []),
});

/**
 * What a person has said about who may add which server. A file that breaks leaves in force what stood there; with one
 * that never could be read nothing is decided.
 */
export class ServerRules {
  readonly #file: YamlFile<z.infer<typeof RulesFile>>;

  constructor(directory: string, onBroken: (problem: AppError) => void) {
    const file = path.join(directory, "rules.yaml");
    this.#file = new YamlFile({ file, parse: bySchema(RulesFile, file), onBroken });
  }

  /** Rules for all sandboxes, and with a sandbox its own too. @throws AppError `CONFIG_INVALID` when they never were readable */
  rules(sandbox: SandboxId | undefined): readonly SandboxServerRule[] {
    return this.#file.read().rules.filter((rule) => rule.sandbox === undefined || rule.sandbox === sandbox);
  }

  /** Every rule, those of all sandboxes too. */
  all(): readonly SandboxServerRule[] {
    return this.#file.read().rules;
  }

  /** Changes whenever they may have changed. */
  stamp(): string {
    return this.#file.stamp();
  }

  /** In place of what was said about this server before, in the same sandbox or for all. */
  put(rule: SandboxServerRule & { readonly name: string }): void {
    this.#file.edit((document) => {
      removeWhere(document, (one) => one.name === rule.name && one.sandbox === rule.sandbox);
      if (!isSeq(document.getIn(["rules"], true))) document.setIn(["rules"], document.createNode([]));
      document.addIn(["rules"], document.createNode(rule));
    });
  }

  /** Whether there was one to take back. */
  remove(name: string, sandbox: SandboxId | undefined): boolean {
    if (!this.all().some((rule) => rule.name === name && rule.sandbox === sandbox)) return false;
    this.#file.edit((document) => {
      removeWhere(document, (rule) => rule.name === name && rule.sandbox === sandbox);
    });
    return true;
  }

  /** Forget what was said about a sandbox that is gone. */
  forgetSandbox(sandbox: SandboxId): void {
    if (this.#file.problem() !== undefined || !this.all().some((rule) => rule.sandbox === sandbox)) return;
    this.#file.edit((document) => {
      removeWhere(document, (rule) => rule.sandbox === sandbox);
    });
  }
}

interface RuleParts {
  readonly name: unknown;
  readonly sandbox: unknown;
}

function removeWhere(document: Document, matches: (rule: RuleParts) => boolean): void {
  const rules = document.getIn(["rules"], true);
  if (!isSeq(rules)) return;
  for (let index = rules.items.length - 1; index >= 0; index--) {
    const part = (key: string): unknown => document.getIn(["rules", index, key]);
    if (matches({ name: part("name"), sandbox: part("sandbox") })) document.deleteIn(["rules", index]);
  }
}
