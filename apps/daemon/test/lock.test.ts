import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "vitest";
import { startTimeOf, takeLock } from "../src/lock.ts";

function directory(): { readonly path: string } & Disposable {
  const made = mkdtempSync(path.join(tmpdir(), "sbx-lock-"));
  return { path: made, [Symbol.dispose]: () => { rmSync(made, { recursive: true }); } };
}

describe("the lock of a state directory", () => {
  it("is held by one, named by pid and start time, and free after the release", ({ expect }) => {
    using dir = directory();
    const first = takeLock(dir.path);
    const second = takeLock(dir.path);
    expect(first.taken).toBe(true);
    expect(second).toEqual({ taken: false, holder: { pid: process.pid, started: startTimeOf(process.pid) } });
    if (first.taken) first.release();
    expect(takeLock(dir.path).taken).toBe(true);
  });

  it("is taken over from a process that is gone, or whose pid is another's now", ({ expect }) => {
    for (const stale of [{ pid: 4_194_304, started: "1" }, { pid: process.pid, started: "1" }]) {
      using dir = directory();
      writeFileSync(path.join(dir.path, "sbxd.lock"), JSON.stringify(stale));
      expect(takeLock(dir.path).taken).toBe(true);
      expect(JSON.parse(readFileSync(path.join(dir.path, "sbxd.lock"), "utf8"))).toEqual({ pid: process.pid, started: startTimeOf(process.pid) });
    }
  });

  it("is taken over when its file cannot be read", ({ expect }) => {
    using dir = directory();
    writeFileSync(path.join(dir.path, "sbxd.lock"), "{half");
    expect(takeLock(dir.path).taken).toBe(true);
  });
});
