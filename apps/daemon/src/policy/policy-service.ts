import { randomBytes } from "node:crypto";
import { AppError, ServerName, type Decision, type Destination, type RecordEvent, type Rule, type RuleEffect, type RuleLayer, type SandboxId } from "@sbx/contracts";
import { looksAtRequests, wantedDestinations, type SandboxRecord } from "@sbx/core";
import { compilePolicy, decide, decideConnection, parseDestinationPattern, type CompiledPolicy } from "@sbx/egress-policy";
import { RuleFile } from "./rule-file.ts";
import { serverRules, type ServerPolicyOf } from "./server-policy.ts";

export interface PolicyParts {
  /** The user's rules, for all sandboxes. */
  readonly userFile: string;
  /** The rules of one sandbox; its directory goes with it. */
  readonly sandboxFile: (id: SandboxId) => string;
  /** What the person allowed or denied one server, by its name. */
  readonly serverFile: (server: string) => string;
  readonly record: RecordEvent;
  /** Called after a rule was added or removed here. An edit of a file shows in the next answer of `of` alone. */
  readonly changed: () => void;
}

/** Whose rules are meant: a sandbox's, a server's, or where neither is given the user's for all sandboxes. */
export interface RuleScope {
  readonly record?: SandboxRecord | undefined;
  readonly server?: string | undefined;
}

/** The rules of everybody, compiled for each sandbox; the same object as before while they have not changed. */
export class PolicyService {
  readonly #parts: PolicyParts;
  readonly #user: RuleFile;
  readonly #own = new Map<SandboxId, RuleFile>();
  readonly #servers = new Map<string, RuleFile>();
  readonly #compiled = new Map<SandboxId, { readonly stamp: string; readonly policy: CompiledPolicy }>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#user = new RuleFile(parts.userFile, (problem) => {
      parts.record({ type: "policy.changed", fields: { change: "broken", problem: problem.message } });
    });
  }

  /** What decides for a sandbox now. @throws AppError `CONFIG_INVALID` when its rules cannot be read: nothing is allowed then. */
  of(record: SandboxRecord): CompiledPolicy {
    const stamp = `${this.#user.stamp()} ${this.#fileOf({ record }).stamp()}`;
    const known = this.#compiled.get(record.id);
    if (known?.stamp === stamp) return known.policy;
    const policy = compilePolicy(this.rules({ record }));
    this.#compiled.set(record.id, { stamp, policy });
    return policy;
  }

  /**
   * What decides for a server, asked anew each time.
   *
   * @throws AppError (when asked) `CONFIG_INVALID` when rules cannot be read, `SANDBOX_NOT_FOUND` when its sandbox is gone
   */
  ofServer({ server, rules, purpose, hooks, owner }: ServerPolicyOf): () => CompiledPolicy {
    let known: { readonly stamp: string; readonly policy: CompiledPolicy } | undefined;
    return () => {
      const record = owner?.();
      const files = [this.#user, ...(record === undefined ? [] : [this.#fileOf({ record })]), ...(purpose === "run" ? [this.#fileOf({ server })] : [])];
      const stamp = files.map((file) => file.stamp()).join(" ");
      if (known?.stamp !== stamp) {
        const own = purpose === "run" ? this.#fileOf({ server }).rules() : [];
        known = { stamp, policy: compilePolicy(serverRules({ shared: this.rules({ record }), own, rules, purpose, hooks })) };
      }
      return known.policy;
    };
  }

  /** The user's rules; with a sandbox also its own and its profile's; of a server what the person gave it. */
  rules({ record, server }: RuleScope = {}): readonly Rule[] {
    if (server !== undefined) return this.#fileOf({ server }).rules();
    const user = this.#user.rules();
    if (record === undefined) return user;
    return [...user, ...this.#fileOf({ record }).rules(), ...requestRules(record), ...record.profileRules];
  }

  /** @throws AppError `CONFIG_INVALID` when the pattern is none. */
  add(effect: RuleEffect, { to, note, ...scope }: RuleScope & { readonly to: string; readonly note?: string | undefined }): Rule {
    parseDestinationPattern(to);
    const rule: Rule = { id: `${effect}-${randomBytes(4).toString("hex")}`, effect, to, layer: layerOf(scope), ...(note === undefined ? {} : { note }) };
    this.#fileOf(scope).add(rule);
    this.#changed({ rule: rule.id, effect, to, change: "added" }, scope);
    return rule;
  }

  /** Allow destinations for a sandbox, each that is not allowed by the same words. @throws AppError `CONFIG_INVALID` */
  allow(record: SandboxRecord, destinations: readonly string[]): void {
    const there = new Set(this.rules({ record }).flatMap((rule) => (rule.effect === "allow" && rule.methods === undefined && rule.paths === undefined ? [rule.to] : [])));
    for (const to of destinations) if (!there.has(to)) this.add("allow", { to, record });
  }

  /** @throws AppError `RULE_UNKNOWN` */
  remove(id: string, scope: RuleScope = {}): void {
    if (!this.#fileOf(scope).remove(id)) throw new AppError("RULE_UNKNOWN", { message: `There is no rule "${id}" of ${ownerOf(scope)}`, fix: "List the rules with: sbx policy ls" });
    this.#changed({ rule: id, change: "removed" }, scope);
  }

  /** As the wall decides a connection. Where it looks at the requests of one, the reason says so. */
  check(destination: Destination, record: SandboxRecord | undefined): Decision {
    if (record === undefined) return decide(compilePolicy(this.rules()), destination);
    if (!looksAtRequests(record)) return decide(this.of(record), destination);
    const { requests, ...decision } = decideConnection(this.of(record), destination);
    return requests ? { ...decision, reason: `${decision.reason}; each request is decided by its method and path` } : decision;
  }

  forget(id: SandboxId): void {
    this.#compiled.delete(id);
    this.#own.delete(id);
  }

  #fileOf({ record, server }: RuleScope): RuleFile {
    if (server !== undefined) return this.#fileOfServer(server);
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

  #fileOfServer(server: string): RuleFile {
    const known =
      this.#servers.get(server) ??
      new RuleFile(this.#parts.serverFile(ServerName.parse(server)), (problem) => {
        this.#parts.record({ type: "policy.changed", fields: { change: "broken", server, problem: problem.message } });
      });
    this.#servers.set(server, known);
    return known;
  }

  #changed(fields: Record<string, string>, { record, server }: RuleScope): void {
    this.#parts.record({ type: "policy.changed", ...(record === undefined ? {} : { sandbox: record.id }), fields: { ...fields, ...(server === undefined ? {} : { server }) } });
    this.#parts.changed();
  }
}

function layerOf({ record, server }: RuleScope): RuleLayer {
  if (server !== undefined) return "server";
  return record === undefined ? "user" : "sandbox";
}

function ownerOf({ record, server }: RuleScope): string {
  if (server !== undefined) return `server "${server}"`;
  return record === undefined ? "yours" : `sandbox "${record.name}"`;
}

/** What the person allowed on the command line when the sandbox was made. */
function requestRules({ request }: SandboxRecord): readonly Rule[] {
  const rule = (to: string, index: number): Rule => ({ id: `run-${index + 1}`, effect: "allow", to, layer: "sandbox" });
  return wantedDestinations(request).map(rule);
}
