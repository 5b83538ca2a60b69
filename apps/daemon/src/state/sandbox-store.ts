import type { DatabaseSync } from "node:sqlite";
import { Rule } from "@sbx/contracts";
import { SandboxRecord, SessionRecord, type SandboxStore } from "@sbx/core";

/** Sandboxes, sessions and rules in the daemon's database. Rules of the user have the empty sandbox. */
export function createSandboxStore(database: DatabaseSync): SandboxStore {
  const putSandbox = database.prepare("INSERT INTO sandboxes (id, name, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record");
  const allSandboxes = database.prepare("SELECT record FROM sandboxes ORDER BY rowid");
  const putSession = database.prepare("INSERT INTO sessions (id, sandbox, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record");
  const allSessions = database.prepare("SELECT record FROM sessions ORDER BY rowid");
  const putRule = database.prepare("INSERT INTO rules (sandbox, id, rule) VALUES (?, ?, ?) ON CONFLICT (sandbox, id) DO UPDATE SET rule = excluded.rule");
  const dropRule = database.prepare("DELETE FROM rules WHERE sandbox = ? AND id = ?");
  const rulesOf = database.prepare("SELECT rule FROM rules WHERE sandbox = ? ORDER BY rowid");
  return {
    putSandbox: (record) => void putSandbox.run(record.id, record.name, JSON.stringify(record)),
    sandboxes: () => allSandboxes.all().map((row) => SandboxRecord.parse(JSON.parse(String(row["record"])))),
    removeSandbox: (id) => {
      for (const table of ["sessions", "rules"]) database.prepare(`DELETE FROM ${table} WHERE sandbox = ?`).run(id);
      database.prepare("DELETE FROM sandboxes WHERE id = ?").run(id);
    },
    putSession: (record) => void putSession.run(record.id, record.sandbox, JSON.stringify(record)),
    sessions: () => allSessions.all().map((row) => SessionRecord.parse(JSON.parse(String(row["record"])))),
    putRule: (sandbox, rule) => void putRule.run(sandbox ?? "", rule.id, JSON.stringify(rule)),
    removeRule: (sandbox, id) => Number(dropRule.run(sandbox ?? "", id).changes) > 0,
    rules: (sandbox) => rulesOf.all(sandbox ?? "").map((row) => Rule.parse(JSON.parse(String(row["rule"])))),
  };
}

