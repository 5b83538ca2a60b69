import type { DatabaseSync } from "node:sqlite";
import { Rule } from "@sbx/contracts";
import { SandboxRecord, SessionRecord, type SandboxStore } from "@sbx/core";

/**
 * Sandboxes, sessions and rules in the daemon's database. Rules of the user have the empty sandbox.
 *
 * A sandbox or session that cannot be read is passed over: the engine's labels give the sandbox again. A rule that
 * cannot be read is none to pass over, because it may be one that denies.
 */
export function createSandboxStore(database: DatabaseSync, onUnreadable: (error: unknown) => void): SandboxStore {
  const putSandbox = database.prepare("INSERT INTO sandboxes (id, name, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record");
  const allSandboxes = database.prepare("SELECT record FROM sandboxes ORDER BY rowid");
  const putSession = database.prepare("INSERT INTO sessions (id, sandbox, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record");
  const allSessions = database.prepare("SELECT record FROM sessions ORDER BY rowid");
  const putRule = database.prepare("INSERT INTO rules (sandbox, id, rule) VALUES (?, ?, ?) ON CONFLICT (sandbox, id) DO UPDATE SET rule = excluded.rule");
  const dropRule = database.prepare("DELETE FROM rules WHERE sandbox = ? AND id = ?");
  const rulesOf = database.prepare("SELECT rule FROM rules WHERE sandbox = ? ORDER BY rowid");
  const dropSession = database.prepare("DELETE FROM sessions WHERE id = ?");
  const dropOf = ["sessions", "rules"].map((table) => database.prepare(`DELETE FROM ${table} WHERE sandbox = ?`));
  const dropSandbox = database.prepare("DELETE FROM sandboxes WHERE id = ?");
  const readable = <T>(parse: (value: unknown) => T) => (row: Record<string, unknown>): T[] => {
    try {
      return [parse(JSON.parse(String(row["record"])))];
    } catch (error) {
      onUnreadable(error);
      return [];
    }
  };
  return {
    putSandbox: (record) => void putSandbox.run(record.id, record.name, JSON.stringify(record)),
    sandboxes: () => allSandboxes.all().flatMap(readable((value) => SandboxRecord.parse(value))),
    removeSandbox: (id) => {
      for (const drop of dropOf) drop.run(id);
      dropSandbox.run(id);
    },
    putSession: (record) => void putSession.run(record.id, record.sandbox, JSON.stringify(record)),
    sessions: () => allSessions.all().flatMap(readable((value) => SessionRecord.parse(value))),
    removeSession: (id) => void dropSession.run(id),
    putRule: (sandbox, rule) => void putRule.run(sandbox ?? "", rule.id, JSON.stringify(rule)),
    removeRule: (sandbox, id) => Number(dropRule.run(sandbox ?? "", id).changes) > 0,
    rules: (sandbox) => rulesOf.all(sandbox ?? "").map((row) => Rule.parse(JSON.parse(String(row["rule"])))),
  };
}

