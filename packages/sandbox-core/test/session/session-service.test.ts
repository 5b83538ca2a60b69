import { SessionId } from "@sbx/contracts";
import { describe, it, vi } from "vitest";
import type { SessionOnDisk } from "../../src/session/hold-program.ts";
import { anExec, aSandbox, daemonOver, IDLE_STOP_MS, sandbox, stopTime } from "./lab.ts";

const claimed = (prefix: string, count: number): readonly SessionOnDisk[] =>
  Array.from({ length: count }, (_, index) => ({ session: SessionId.parse(`ses_${prefix}${String(index).padStart(7, "0")}`), state: { phase: "running" } }));

const DAY_MS = 24 * 60 * 60 * 1000;

describe("sessions after a start of the daemon", () => {
  it("are taken from a sandbox's word up to a number, also over several starts", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const first = daemonOver(live, { found: claimed("a", 5000) });
    await first.sessions.reconcile([live]);
    await vi.advanceTimersByTimeAsync(0);
    expect(first.sessions.running(sandbox)).toHaveLength(32);
    expect(new Set(first.asked.map(({ what }) => what)).size).toBe(32);
    const known = [...first.stored.keys()].map((session): SessionOnDisk => ({ session, state: { phase: "running" } }));
    const second = daemonOver(live, { found: [...known, ...claimed("b", 5000)], stored: first.stored });
    await second.sessions.reconcile([live]);
    expect(second.sessions.running(sandbox)).toHaveLength(32);
    expect(second.stored.size).toBe(32);
  });

  it("are asked after less and less often while that fails, at last twice a minute", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, asked } = daemonOver(live, { found: claimed("a", 1) });
    const start = Date.now();
    await sessions.reconcile([live]);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked.map(({ at }) => (at - start) / 1000)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5]);
    expect(sessions.running(sandbox)).toHaveLength(1);
  });

  it("have the exit code that the sandbox says, or the one of a killed program where it says none", async ({ expect }) => {
    const live = aSandbox();
    const before = daemonOver(live);
    const [told, lost, gone] = [await before.sessions.open(live, anExec()), await before.sessions.open(live, anExec()), await before.sessions.open(live, anExec())];
    const found: readonly SessionOnDisk[] = [
      { session: told.id, state: { phase: "ended", exitCode: 3 } },
      { session: lost.id, state: { phase: "lost" } },
    ];
    const { sessions } = daemonOver(live, { found, stored: before.stored });
    await sessions.reconcile([live]);
    expect([told, lost, gone].map(({ id }) => sessions.get(id).state)).toMatchObject([{ exitCode: 3 }, { exitCode: 137 }, { exitCode: 137 }]);
  });

  it("go on where the sandbox cannot be asked", async ({ expect }) => {
    const live = aSandbox();
    const before = daemonOver(live);
    const { id } = await before.sessions.open(live, anExec());
    const faults: unknown[] = [];
    const { sessions } = daemonOver(live, { stored: before.stored, runner: { list: () => Promise.reject(new Error("away")) }, parts: { onFault: (error) => faults.push(error) } });
    await sessions.reconcile([live]);
    expect(sessions.get(id).state).toEqual({ phase: "running" });
    expect(faults).toHaveLength(1);
  });
});

describe("what an agent left running", () => {
  it("ends with the last session, and only with an agent's", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, processes, asked } = daemonOver(live);
    const opened = [anExec({ kind: "agent" }), anExec({ kind: "agent" }), anExec()].map((request) => sessions.open(live, request));
    const [first, second, third] = await Promise.all(opened);
    const end = async (id: string | undefined): Promise<readonly string[]> => {
      processes.get(id as SessionId)?.end.resolve(0);
      await vi.advanceTimersByTimeAsync(1);
      return asked.map(({ what }) => what).filter((what) => what.startsWith("end "));
    };
    expect(await end(first?.id)).toEqual([]);
    expect(await end(third?.id)).toEqual([]);
    expect(await end(second?.id)).toEqual(["end hub of 1000:1000 in workload"]);
    const exec = await sessions.open(live, anExec());
    expect(await end(exec.id)).toHaveLength(1);
  });
});

describe("a session", () => {
  it("ends with its program's code, and says so", async ({ expect }) => {
    const live = aSandbox();
    const { sessions, processes, recorded } = daemonOver(live);
    const { id } = await sessions.open(live, anExec());
    processes.get(id)?.end.resolve(7);
    await vi.waitFor(() => {
      expect(sessions.get(id).state).toMatchObject({ phase: "ended", exitCode: 7 });
    });
    expect(recorded.map(({ type }) => type)).toEqual(["session.started", "session.ended"]);
  });

  it("that could not be started has ended, and its sandbox is not held by it", async ({ expect }) => {
    const live = aSandbox();
    const { sessions } = daemonOver(live, { runner: { startStreams: () => Promise.reject(new Error("no process")) } });
    await expect(sessions.open(live, anExec())).rejects.toThrow("no process");
    expect(sessions.of(sandbox)).toMatchObject([{ state: { phase: "ended", exitCode: 125 } }]);
    expect(sessions.running(sandbox)).toEqual([]);
  });

  it("has the sandbox's variables and its own, which win", async ({ expect }) => {
    const request = { ...aSandbox().record.request, env: { MADE: "1", BOTH: "sandbox" } };
    const live = aSandbox({ request });
    const { sessions, environments } = daemonOver(live);
    await sessions.open(live, anExec({ env: { BOTH: "session" } }));
    await sessions.open(live, anExec({ mode: "terminal", env: { BOTH: "session" } }));
    expect(environments).toEqual([
      { MADE: "1", BOTH: "session" },
      { MADE: "1", BOTH: "session", TERM: "xterm-256color" },
    ]);
  });

  it("without a command is none", async ({ expect }) => {
    const live = aSandbox();
    const { sessions, stored } = daemonOver(live);
    await expect(sessions.open(live, anExec({ args: [] }))).rejects.toMatchObject({ code: "USAGE" });
    expect(stored.size).toBe(0);
  });

  it("is killed when it does not end after it was asked to", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, asked, processes } = daemonOver(live);
    const record = await sessions.open(live, anExec());
    const over = sessions.end(record);
    await vi.advanceTimersByTimeAsync(4999);
    expect(asked.map(({ what }) => what)).toEqual([`SIGTERM ${record.id}`]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.map(({ what }) => what)).toEqual([`SIGTERM ${record.id}`, `SIGKILL ${record.id}`]);
    processes.get(record.id)?.end.resolve(137);
    await over;
    expect(sessions.get(record.id).state).toMatchObject({ exitCode: 137 });
  });

  it("that ends when asked to is not killed", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, asked, processes } = daemonOver(live);
    const record = await sessions.open(live, anExec());
    const over = sessions.end(record);
    await vi.advanceTimersByTimeAsync(100);
    processes.get(record.id)?.end.resolve(0);
    await over;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked.map(({ what }) => what)).toEqual([`SIGTERM ${record.id}`]);
  });

  it("ends at its deadline with the code of one, whatever its program makes of it and however far it is", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, asked, processes } = daemonOver(live);
    const record = await sessions.open(live, anExec({ deadlineMs: 60 * DAY_MS }));
    await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.map(({ what }) => what)).toEqual([`SIGTERM ${record.id}`]);
    expect(sessions.exitCodeOf(record)).toBe(124);
    processes.get(record.id)?.end.resolve(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(sessions.get(record.id).state).toMatchObject({ phase: "ended", exitCode: 124 });
    expect(sessions.exitCodeOf(record)).toBe(124);
  });

  it("keeps its code when its deadline comes after its end", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, asked, processes } = daemonOver(live);
    const record = await sessions.open(live, anExec({ deadlineMs: 1000 }));
    processes.get(record.id)?.end.resolve(0);
    await vi.advanceTimersByTimeAsync(5000);
    expect(sessions.get(record.id).state).toMatchObject({ exitCode: 0 });
    expect(asked).toEqual([]);
  });

  it("cannot be joined once it has ended on a stopped sandbox, or its streams went with an earlier daemon", async ({ expect }) => {
    const live = aSandbox();
    const before = daemonOver(live);
    const { id } = await before.sessions.open(live, anExec());
    expect(await before.sessions.join(id)).toMatchObject({ kind: "streams" });
    const { sessions } = daemonOver(live, { stored: before.stored });
    await expect(sessions.join(id)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND", message: expect.stringContaining("lost") as unknown });
    await expect(sessions.join("ses_none")).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });
});

describe("ended sessions", () => {
  it("are remembered up to a number, and fewer of their outputs; what runs is never forgotten", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, processes, stored, kept } = daemonOver(live);
    const running = await sessions.open(live, anExec());
    for (let count = 0; count < 60; count += 1) {
      const { id } = await sessions.open(live, anExec());
      processes.get(id)?.end.resolve(0);
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(sessions.of(sandbox)).toHaveLength(51);
    expect(stored.size).toBe(51);
    expect(kept.size).toBe(33);
    expect(kept.has(running.id)).toBe(true);
    expect(sessions.get(running.id).state.phase).toBe("running");
  });

  it("are forgotten with their sandbox, and so is what waits for them", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, kept, asked, stopped } = daemonOver(live);
    const record = await sessions.open(live, anExec({ deadlineMs: 1000 }));
    sessions.forget(sandbox);
    await vi.advanceTimersByTimeAsync(2 * IDLE_STOP_MS);
    expect(sessions.of(sandbox)).toEqual([]);
    expect([...kept, ...asked, ...stopped]).toEqual([]);
    expect(sessions.exitCodeOf(record)).toBeUndefined();
  });
});

describe("a sandbox without a session", () => {
  it("is stopped after a while, and not before", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, stopped } = daemonOver(live);
    sessions.idle(live);
    await vi.advanceTimersByTimeAsync(IDLE_STOP_MS - 1);
    expect(stopped).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(stopped).toEqual([sandbox]);
  });

  it("is counted from the end of its last session", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, stopped, processes } = daemonOver(live);
    sessions.idle(live);
    const { id } = await sessions.open(live, anExec());
    await vi.advanceTimersByTimeAsync(3 * IDLE_STOP_MS);
    expect(stopped).toEqual([]);
    processes.get(id)?.end.resolve(0);
    await vi.advanceTimersByTimeAsync(IDLE_STOP_MS - 1);
    expect(stopped).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(stopped).toEqual([sandbox]);
  });

  it("is not stopped while one is being opened in it, and is counted anew after that failed", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const { sessions, stopped } = daemonOver(live);
    sessions.idle(live);
    const opening = Promise.withResolvers<void>();
    const held = sessions.hold(sandbox, () => opening.promise);
    await vi.advanceTimersByTimeAsync(2.5 * IDLE_STOP_MS);
    expect(stopped).toEqual([]);
    opening.resolve();
    await held;
    await vi.advanceTimersByTimeAsync(IDLE_STOP_MS);
    expect(stopped).toEqual([sandbox]);
  });

  it("is not stopped while what else it offers is used, and is counted from the last use", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    const used = { until: Date.now() + 2.5 * IDLE_STOP_MS };
    const { sessions, stopped } = daemonOver(live, { parts: { unusedMs: () => Math.max(0, Date.now() - used.until) } });
    sessions.idle(live);
    await vi.advanceTimersByTimeAsync(3.5 * IDLE_STOP_MS - 1);
    expect(stopped).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(stopped).toEqual([sandbox]);
  });

  it("is not stopped when its agent is one that goes on", async ({ expect }) => {
    stopTime();
    const live = aSandbox({ longRunning: true });
    const { sessions, stopped } = daemonOver(live);
    sessions.idle(live);
    await vi.advanceTimersByTimeAsync(10 * IDLE_STOP_MS);
    expect(stopped).toEqual([]);
  });
});
