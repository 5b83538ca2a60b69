import type { DatabaseSync } from "node:sqlite";
import { AppError } from "@sbx/contracts";
import { refuseNewerRecord, SandboxRecord, SessionRecord, type SandboxStore } from "@sbx/core";

/**
 * Sandboxes and sessions in the daemon's database. One that cannot be read is passed over: the engine's labels give the
 * sandbox again. What a newer version wrote is not passed over: reading it throws `STATE_NEWER`.
 */
export function createSandboxStore(database: DatabaseSync, onUnreadable: (error: unknown) => void): SandboxStore {
  const putSandbox = database.prepare("INSERT INTO sandboxes (id, name, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record");
  // Names are unique among records that can be read: another with this name is one that cannot.
  const dropNamesake = database.prepare("DELETE FROM sandboxes WHERE name = ? AND id <> ?");
  const allSandboxes = database.prepare("SELECT record FROM sandboxes ORDER BY rowid");
  const putSession = database.prepare("INSERT INTO sessions (id, sandbox, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record");
  const allSessions = database.prepare("SELECT record FROM sessions ORDER BY rowid");
  const dropSession = database.prepare("DELETE FROM sessions WHERE id = ?");
  const dropSessions = database.prepare("DELETE FROM sessions WHERE sandbox = ?");
  const dropSandbox = database.prepare("DELETE FROM sandboxes WHERE id = ?");
  const readable =
    <T>(parse: (value: unknown) => T) =>
    (row: Record<string, unknown>): T[] => {
      try {
        const record: unknown = JSON.parse(String(row["record"]));
        refuseNewerRecord("A record of the daemon's database", record);
        return [parse(record)];
      } catch (error) {
        if (AppError.is(error)) throw error;
        onUnreadable(error);
        return [];
      }
    };
  return {
    putSandbox: (record) => {
      dropNamesake.run(record.name, record.id);
      putSandbox.run(record.id, record.name, JSON.stringify(record));
    },
    sandboxes: () => allSandboxes.all().flatMap(readable((value) => SandboxRecord.parse(value))),
    removeSandbox: (id) => {
      dropSessions.run(id);
      dropSandbox.run(id);
    },
    putSession: (record) => void putSession.run(record.id, record.sandbox, JSON.stringify(record)),
    sessions: () => allSessions.all().flatMap(readable((value) => SessionRecord.parse(value))),
    removeSession: (id) => void dropSession.run(id),
  };
}
