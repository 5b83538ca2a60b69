import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SandboxId } from "@sbx/contracts";
import { SandboxRecord } from "@sbx/core";
import { describe, it, onTestFinished, vi } from "vitest";
import { openDatabase } from "../src/state/database.ts";
import { createEventLog, type EventLog } from "../src/state/event-log.ts";
import { createSandboxStore } from "../src/state/sandbox-store.ts";

const now = (): Date => new Date("2026-01-02T03:04:05.678Z");

/** Ids begin with the time at which the file was made. */
const start = now().getTime();

function eventLog(database: DatabaseSync): EventLog {
  return createEventLog({
    database,
    now,
    onFailure: (error) => {
      throw error;
    },
  });
}

function directory(): { readonly file: string } & Disposable {
  const made = mkdtempSync(path.join(tmpdir(), "sbx-db-"));
  return {
    file: path.join(made, "sbx.db"),
    [Symbol.dispose]: () => {
      rmSync(made, { recursive: true });
    },
  };
}

describe("the daemon's database", () => {
  it("keeps what was written over a new start", ({ expect }) => {
    using dir = directory();
    const first = openDatabase(dir.file, now);
    eventLog(first.database).record({ type: "daemon.started", fields: { pid: 1 } });
    first.database.close();
    const second = openDatabase(dir.file, now);
    expect(second.setAside).toBeUndefined();
    expect(eventLog(second.database).list({ after: 0, limit: 10 })).toEqual([{ id: start + 1, at: "2026-01-02T03:04:05.678Z", type: "daemon.started", fields: { pid: 1 } }]);
    second.database.close();
  });

  it("is kept aside, byte for byte, when it is corrupted, and an empty one takes its place", ({ expect }) => {
    using dir = directory();
    writeFileSync(dir.file, "this is no database, but somebody may want it back");
    const { database, setAside } = openDatabase(dir.file, now);
    expect(setAside).toBe(`${dir.file}.corrupt-2026-01-02T03-04-05.678Z`);
    expect(readFileSync(setAside ?? "", "utf8")).toContain("somebody may want it back");
    expect(eventLog(database).list({ after: 0, limit: 10 })).toEqual([]);
    database.close();
  });

  it("of a newer program is refused and stays as it is, byte for byte", ({ expect }) => {
    using dir = directory();
    const newer = new DatabaseSync(dir.file);
    newer.exec("CREATE TABLE later (x TEXT); INSERT INTO later VALUES ('kept'); PRAGMA user_version = 99");
    newer.close();
    const before = readFileSync(dir.file);
    expect(() => openDatabase(dir.file, now)).toThrow(expect.objectContaining({ code: "STATE_NEWER", message: expect.stringContaining("newer sbx (version 99; this one knows 2)") as unknown }));
    expect(readFileSync(dir.file).equals(before)).toBe(true);
    expect(readdirSync(path.dirname(dir.file))).toEqual(["sbx.db"]);
  });
});

/** The tables of version 1, with what a person of that time had in them. They are what that version wrote, and never change. */
const VERSION_1 = `
  CREATE TABLE sandboxes (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL) STRICT;
  CREATE TABLE sessions (id TEXT PRIMARY KEY, sandbox TEXT NOT NULL, record TEXT NOT NULL) STRICT;
  CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, type TEXT NOT NULL, sandbox TEXT, fields TEXT NOT NULL) STRICT;
  CREATE INDEX events_of_sandbox ON events (sandbox, id);
  INSERT INTO sandboxes VALUES ('sbx_00000001', 'work', '{"kept":"as it is"}');
  INSERT INTO sessions VALUES ('ses_00000001', 'sbx_00000001', '{"also":"kept"}');
  INSERT INTO events (id, at, type, sandbox, fields) VALUES (7, '2026-01-01T00:00:00.000Z', 'daemon.started', NULL, '{"pid":1}');
  PRAGMA user_version = 1;`;

describe("a database of an older program", () => {
  it("gets the tables of this one, and keeps every row that was in it", ({ expect }) => {
    using dir = directory();
    const older = new DatabaseSync(dir.file);
    older.exec(VERSION_1);
    older.close();
    const { database, setAside } = openDatabase(dir.file, now);
    expect(setAside).toBeUndefined();
    expect(database.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    expect(database.prepare("SELECT id, name, record FROM sandboxes").all()).toEqual([{ id: "sbx_00000001", name: "work", record: '{"kept":"as it is"}' }]);
    expect(database.prepare("SELECT id, sandbox, record FROM sessions").all()).toEqual([{ id: "ses_00000001", sandbox: "sbx_00000001", record: '{"also":"kept"}' }]);
    expect(database.prepare("SELECT count(*) AS rows FROM server_scopes").get()).toEqual({ rows: 0 });
    const events = eventLog(database);
    events.record({ type: "daemon.started", fields: { pid: 2 } });
    expect(events.list({ after: 0, limit: 10 }).map(({ id }) => id)).toEqual([7, 8]);
    database.close();
  });
});

describe("a database that cannot be opened for another reason", () => {
  it("is not given up", ({ expect }) => {
    using dir = directory();
    mkdirSync(dir.file);
    expect(() => openDatabase(dir.file, now)).toThrow(/cannot be opened/);
    expect(readdirSync(path.dirname(dir.file))).toEqual(["sbx.db"]);
  });
});

describe("the database's files", () => {
  it("are nobody else's to read, new ones and those that were there before", ({ expect }) => {
    using dir = directory();
    openDatabase(dir.file, now).database.close();
    chmodSync(dir.file, 0o644);
    const { database } = openDatabase(dir.file, now);
    database.exec("INSERT INTO events (at, type, fields) VALUES ('', '', '')");
    const names = readdirSync(path.dirname(dir.file));
    expect(names.toSorted()).toEqual(["sbx.db", "sbx.db-shm", "sbx.db-wal"]);
    for (const name of names) expect(statSync(path.join(path.dirname(dir.file), name)).mode & 0o777, name).toBe(0o600);
    database.close();
  });
});

describe("the event record", () => {
  it("takes so many events from a sandbox's traffic, tells how many it left out, and takes more later", ({ expect }) => {
    vi.useFakeTimers({ now: start });
    onTestFinished(() => void vi.useRealTimers());
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    const log = createEventLog({
      database,
      now: () => new Date(),
      onFailure: (error) => {
        throw error;
      },
    });
    const [flooding, quiet] = [SandboxId.parse("sbx_aaaaaaaa"), SandboxId.parse("sbx_bbbbbbbb")];
    const types = (sandbox: SandboxId): readonly string[] => log.list({ after: 0, limit: 10_000, sandbox }).map(({ type }) => type);
    for (let count = 0; count < 1000; count += 1) log.record({ type: count % 2 === 0 ? "egress.denied" : "gate.rejected", sandbox: flooding, fields: {} });
    log.record({ type: "session.ended", sandbox: flooding, fields: {} });
    log.record({ type: "egress.denied", sandbox: quiet, fields: {} });
    expect(types(flooding)).toHaveLength(201);
    expect(types(flooding).at(-1)).toBe("session.ended");
    expect(types(quiet)).toEqual(["egress.denied"]);
    vi.advanceTimersByTime(5000);
    expect(log.list({ after: 0, limit: 1, sandbox: flooding })).toEqual([expect.objectContaining({ type: "egress.limited", fields: { dropped: 800 } })]);
    for (let count = 0; count < 1000; count += 1) log.record({ type: "model.denied", sandbox: flooding, fields: {} });
    vi.advanceTimersByTime(60_000);
    expect(types(flooding).filter((type) => type === "model.denied")).toHaveLength(100);
    expect(log.list({ after: 0, limit: 1 })).toEqual([expect.objectContaining({ type: "egress.limited", fields: { dropped: 900 } })]);
    database.close();
  });

  it("lets a sandbox's traffic push out nothing but its own oldest", ({ expect }) => {
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    let at = start;
    const log = createEventLog({
      database,
      now: () => new Date((at += 1000)),
      onFailure: (error) => {
        throw error;
      },
      kept: { ofSandbox: 20, ofKind: 50, every: 10 },
    });
    const [flooding, quiet] = [SandboxId.parse("sbx_aaaaaaaa"), SandboxId.parse("sbx_bbbbbbbb")];
    const kept = [
      { type: "policy.changed", fields: {} },
      { type: "session.started", sandbox: flooding, fields: {} },
      { type: "model.used", sandbox: flooding, fields: {} },
      { type: "egress.denied", sandbox: quiet, fields: {} },
    ] as const;
    for (const event of kept) log.record(event);
    for (let count = 0; count < 500; count += 1) log.record({ type: "egress.allowed", sandbox: flooding, fields: { count } });
    const left = log.list({ after: 0, limit: 1000 });
    expect(left.slice(0, kept.length).map(({ type }) => type)).toEqual(kept.map(({ type }) => type));
    expect(left.length - kept.length).toBeLessThanOrEqual(30);
    expect(left.at(-1)?.fields).toEqual({ count: 499 });
    for (let count = 0; count < 500; count += 1) log.record({ type: "policy.changed", fields: { count } });
    expect(log.list({ after: 0, limit: 1000 }).filter(({ type }) => type === "policy.changed").length).toBeLessThanOrEqual(60);
    database.close();
  });

  it("numbers events without repeating, resumes after any of them, and narrows to a sandbox", ({ expect }) => {
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    const log = eventLog(database);
    const sandbox = SandboxId.parse("sbx_aaaaaaaa");
    let told = 0;
    const stop = log.subscribe(() => {
      told += 1;
    });
    for (let count = 0; count < 5; count += 1) log.record({ type: "egress.denied", ...(count % 2 === 0 ? {} : { sandbox }), fields: { count } });
    stop();
    log.record({ type: "egress.denied", fields: {} });
    const ids = (events: readonly { readonly id: number }[]): readonly number[] => events.map(({ id }) => id - start);
    expect(told).toBe(5);
    expect(log.newest() - start).toBe(6);
    expect(ids(log.list({ after: start + 3, limit: 10 }))).toEqual([4, 5, 6]);
    expect(ids(log.list({ after: 0, limit: 10, sandbox }))).toEqual([2, 4]);
    expect(ids(log.list({ after: 0, limit: 2 }))).toEqual([5, 6]);
    expect(ids(log.since({ after: 0, limit: 2 }))).toEqual([1, 2]);
    expect(ids(log.since({ after: start + 2, limit: 10, sandbox }))).toEqual([4]);
    database.close();
  });

  it("does not fail whoever records when it cannot be written", ({ expect }) => {
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    const failures: unknown[] = [];
    const log = createEventLog({ database, now, onFailure: (error) => failures.push(error) });
    database.close();
    log.record({ type: "daemon.started", fields: {} });
    expect(failures).toHaveLength(1);
  });
});

describe("records in the database", () => {
  it("that cannot be read are passed over and said, and the rest is there", ({ expect }) => {
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    database.exec(
      "INSERT INTO sandboxes (id, name, record) VALUES ('sbx_aaaaaaaa', 'a', '{half'), ('sbx_bbbbbbbb', 'b', '{}'); INSERT INTO sessions (id, sandbox, record) VALUES ('ses_aaaaaaaa', 'sbx_aaaaaaaa', 'null')",
    );
    const unreadable: unknown[] = [];
    const store = createSandboxStore(database, (error) => unreadable.push(error));
    expect(store.sandboxes()).toEqual([]);
    expect(store.sessions()).toEqual([]);
    expect(unreadable).toHaveLength(3);
    database.close();
  });

  it.for([
    ["sandboxes", "INSERT INTO sandboxes (id, name, record) VALUES ('sbx_aaaaaaaa', 'a', '{\"version\":2}')"],
    ["sessions", "INSERT INTO sessions (id, sandbox, record) VALUES ('ses_aaaaaaaa', 'sbx_aaaaaaaa', '{\"version\":2}')"],
  ] as const)("of %s that a newer program wrote are refused, not passed over", ([table, insert], { expect }) => {
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    database.exec(insert);
    const unreadable: unknown[] = [];
    const store = createSandboxStore(database, (error) => unreadable.push(error));
    expect(() => store[table]()).toThrow(expect.objectContaining({ code: "STATE_NEWER" }));
    expect(unreadable).toEqual([]);
    expect(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 1 });
    database.close();
  });

  it("that cannot be read do not keep their name", ({ expect }) => {
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    database.exec("INSERT INTO sandboxes (id, name, record) VALUES ('sbx_aaaaaaaa', 'box', '{half')");
    const store = createSandboxStore(database, () => undefined);
    const record: SandboxRecord = {
      version: 1,
      id: SandboxId.parse("sbx_bbbbbbbb"),
      name: "box",
      createdAt: now().toISOString(),
      image: "sha256:0",
      user: "1000:1000",
      homeDirectory: "/home/agent",
      placeholder: "p",
      modelSource: "none",
      request: SandboxRecord.shape.request.parse({ agent: "shell", workspace: "/w" }),
      profileRules: [],
      profileProtect: [],
      longRunning: false,
      protected: [],
      hidden: [],
      notices: [],
      skipped: [],
      kits: [],
      ready: true,
    };
    store.putSandbox(record);
    store.putSandbox({ ...record, ready: false });
    expect(store.sandboxes()).toEqual([{ ...record, ready: false }]);
    database.close();
  });
});
