import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "vitest";
import { openDatabase } from "../src/state/database.ts";
import { createEventLog } from "../src/state/event-log.ts";

const now = (): Date => new Date("2026-01-02T03:04:05.678Z");

function directory(): { readonly file: string } & Disposable {
  const made = mkdtempSync(path.join(tmpdir(), "sbx-db-"));
  return { file: path.join(made, "sbx.db"), [Symbol.dispose]: () => { rmSync(made, { recursive: true }); } };
}

describe("the daemon's database", () => {
  it("keeps what was written over a new start", ({ expect }) => {
    using dir = directory();
    const first = openDatabase(dir.file, now);
    createEventLog(first.database, now).record({ type: "daemon.started", fields: { pid: 1 } });
    first.database.close();
    const second = openDatabase(dir.file, now);
    expect(second.setAside).toBeUndefined();
    expect(createEventLog(second.database, now).list({ after: 0, limit: 10 })).toEqual([{ id: 1, at: "2026-01-02T03:04:05.678Z", type: "daemon.started", fields: { pid: 1 } }]);
    second.database.close();
  });

  it("is kept aside, byte for byte, when it is corrupted, and an empty one takes its place", ({ expect }) => {
    using dir = directory();
    writeFileSync(dir.file, "this is no database, but somebody may want it back");
    const { database, setAside } = openDatabase(dir.file, now);
    expect(setAside).toBe(`${dir.file}.corrupt-2026-01-02T03-04-05.678Z`);
    expect(readFileSync(setAside ?? "", "utf8")).toContain("somebody may want it back");
    expect(createEventLog(database, now).list({ after: 0, limit: 10 })).toEqual([]);
    database.close();
  });

  it("of a newer program is kept aside as well", ({ expect }) => {
    using dir = directory();
    const newer = new DatabaseSync(dir.file);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    const { database, setAside } = openDatabase(dir.file, now);
    expect(existsSync(setAside ?? "")).toBe(true);
    database.close();
  });
});

describe("the event record", () => {
  it("numbers events without repeating, resumes after any of them, and narrows to a sandbox", ({ expect }) => {
    using dir = directory();
    const { database } = openDatabase(dir.file, now);
    const log = createEventLog(database, now);
    const seen: number[] = [];
    const stop = log.subscribe(({ id }) => seen.push(id));
    const sandbox = "sbx_aaaaaaaa" as Parameters<typeof log.record>[0]["sandbox"];
    for (let count = 0; count < 5; count += 1) log.record({ type: "egress.denied", ...(count % 2 === 0 || sandbox === undefined ? {} : { sandbox }), fields: { count } });
    stop();
    log.record({ type: "egress.denied", fields: {} });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(log.list({ after: 3, limit: 10 }).map(({ id }) => id)).toEqual([4, 5, 6]);
    expect(log.list({ after: 0, limit: 10, sandbox: "sbx_aaaaaaaa" }).map(({ id }) => id)).toEqual([2, 4]);
    expect(log.list({ after: 0, limit: 2 }).map(({ id }) => id)).toEqual([5, 6]);
    database.close();
  });
});
