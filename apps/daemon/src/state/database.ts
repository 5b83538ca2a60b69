import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@sbx/contracts";
import { refuseNewer } from "@sbx/core";

/** Statements that make the tables; the number of rows is the version (PRAGMA user_version). */
const MIGRATIONS = [
  `CREATE TABLE sandboxes (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL) STRICT;
   CREATE TABLE sessions (id TEXT PRIMARY KEY, sandbox TEXT NOT NULL, record TEXT NOT NULL) STRICT;
   CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, type TEXT NOT NULL, sandbox TEXT, fields TEXT NOT NULL) STRICT;
   CREATE INDEX events_of_sandbox ON events (sandbox, id);`,
  `CREATE TABLE server_scopes (scope TEXT PRIMARY KEY, sandbox TEXT, changes TEXT NOT NULL) STRICT;
   CREATE TABLE agent_profiles (owner TEXT NOT NULL, id TEXT NOT NULL, profile TEXT NOT NULL, PRIMARY KEY (owner, id)) STRICT;`,
] as const;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Where a file that could not be read was put, when there was one. */
  readonly setAside: string | undefined;
}

/** The file is there and cannot be used: nothing that another attempt would change. */
class Unusable extends Error {}
/** Primary result codes of SQLite that say so: SQLITE_CORRUPT, SQLITE_NOTADB. */
const UNUSABLE = new Set([11, 26]);

/**
 * Open the daemon's database, making or migrating its tables.
 *
 * A file that is corrupted is kept aside under a new name and replaced by an empty one: the truth about sandboxes is in
 * the engine's labels, from which the caller rebuilds.
 *
 * @throws AppError `STATE_NEWER` when a newer version wrote it; `CONFIG_INVALID` when it cannot be opened for another reason: what cannot be read now is not given up
 */
export function openDatabase(file: string, now: () => Date): OpenedDatabase {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    return { database: prepare(file, now), setAside: undefined };
  } catch (error) {
    if (AppError.is(error)) throw error;
    if (!isUnusable(error))
      throw new AppError("CONFIG_INVALID", {
        message: `The database "${file}" cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
        fix: "See whether its disk is full and who may write there; then run the command again.",
        cause: error,
      });
    const setAside = `${file}.corrupt-${now().toISOString().replaceAll(":", "-")}`;
    for (const suffix of ["", "-wal", "-shm"]) if (existsSync(file + suffix)) renameSync(file + suffix, setAside + suffix);
    return { database: prepare(file, now), setAside };
  }
}

function isUnusable(error: unknown): boolean {
  if (error instanceof Unusable) return true;
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" && UNUSABLE.has(error.errcode & 0xff);
}

function prepare(file: string, now: () => Date): DatabaseSync {
  // SQLite gives the files that it makes beside this one the same mode.
  closeSync(openSync(file, "a", 0o600));
  for (const suffix of ["", "-wal", "-shm"]) if (existsSync(file + suffix)) chmodSync(file + suffix, 0o600);
  const database = new DatabaseSync(file);
  try {
    refuseNewer(`The database "${file}"`, { version: versionOf(database), known: MIGRATIONS.length });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;");
    const check = database.prepare("PRAGMA quick_check(1)").get();
    if (check?.["quick_check"] !== "ok") throw new Unusable("the database fails its own check");
    migrate(database, now);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}

function migrate(database: DatabaseSync, now: () => Date): void {
  const version = versionOf(database);
  for (const [index, statements] of MIGRATIONS.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN; ${statements} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
  // Ids of events go on over a lost database too: readers resume after the last one that they saw.
  if (version === 0) database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)").run(now().getTime());
}
