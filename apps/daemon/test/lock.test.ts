import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { startTimeOf, takeLock } from "../src/lock.ts";
import { programVersion } from "../src/program-version.ts";

function directory(): { readonly path: string } & Disposable {
  const made = mkdtempSync(path.join(tmpdir(), "sbx-lock-"));
  return {
    path: made,
    [Symbol.dispose]: () => {
      rmSync(made, { recursive: true });
    },
  };
}

describe("the lock of a state directory", () => {
  it("is held by one, named by pid and start time, and free after the release", ({ expect }) => {
    using dir = directory();
    const first = takeLock(dir.path);
    const second = takeLock(dir.path);
    expect(first.taken).toBe(true);
    expect(second).toEqual({ taken: false, holder: { pid: process.pid, started: startTimeOf(process.pid), version: programVersion() } });
    if (first.taken) first.release();
    const third = takeLock(dir.path);
    expect(third.taken).toBe(true);
    if (third.taken) third.release();
  });

  it("is taken over from a process that is gone, or whose pid is another's now", ({ expect }) => {
    for (const stale of [
      { pid: 4_194_304, started: "1" },
      { pid: process.pid, started: "1" },
    ]) {
      using dir = directory();
      writeFileSync(path.join(dir.path, "sbxd.lock"), JSON.stringify(stale));
      expect(takeLock(dir.path).taken).toBe(true);
      expect(JSON.parse(readFileSync(path.join(dir.path, "sbxd.lock"), "utf8"))).toEqual({ pid: process.pid, started: startTimeOf(process.pid), version: programVersion() });
    }
  });

  it("is taken over when its file cannot be read", ({ expect }) => {
    using dir = directory();
    writeFileSync(path.join(dir.path, "sbxd.lock"), "{half");
    expect(takeLock(dir.path).taken).toBe(true);
  });

  it("is never two processes' at once, however many start together over a stale one", async ({ expect }) => {
    using dir = directory();
    writeFileSync(path.join(dir.path, "sbxd.lock"), JSON.stringify({ pid: 4_194_304, started: "1" }));
    const program = `import { takeLock } from ${JSON.stringify(fileURLToPath(new URL("../src/lock.ts", import.meta.url)))}; console.log(takeLock(${JSON.stringify(dir.path)}).taken); setTimeout(() => {}, 60_000);`;
    const said = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, ["--conditions=@sbx/source", "--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
        const [line] = await once(child.stdout, "data");
        return { said: String(line).trim(), child };
      }),
    );
    for (const { child } of said) child.kill("SIGKILL");
    await Promise.all(said.map(async ({ child }) => child.exitCode ?? child.signalCode ?? once(child, "exit")));
    expect(said.filter((one) => one.said === "true")).toHaveLength(1);
    expect(takeLock(dir.path).taken).toBe(true);
  });

  it("is not taken where others may write", ({ expect }) => {
    using dir = directory();
    chmodSync(dir.path, 0o777);
    expect(() => takeLock(dir.path)).toThrow(/Others may write/);
  });

  it("closes a directory that others may read", ({ expect }) => {
    using dir = directory();
    chmodSync(dir.path, 0o755);
    expect(takeLock(dir.path).taken).toBe(true);
    expect(statSync(dir.path).mode & 0o777).toBe(0o700);
  });

  it("is not written through a link", ({ expect }) => {
    using dir = directory();
    const victim = path.join(dir.path, "victim");
    writeFileSync(victim, "precious");
    symlinkSync(victim, path.join(dir.path, "sbxd.lock"));
    expect(() => takeLock(dir.path)).toThrow();
    expect(readFileSync(victim, "utf8")).toBe("precious");
  });
});
