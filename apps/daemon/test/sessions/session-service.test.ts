import { AppError, CreateSandbox, SandboxId, SessionId } from "@sbx/contracts";
import type { LiveSandbox, SandboxStore, SessionOnDisk, SessionRecord, SessionRunner } from "@sbx/core";
import { describe, it, onTestFinished, vi } from "vitest";
import { SessionService } from "../../src/sessions/session-service.ts";

const sandbox = SandboxId.parse("sbx_aaaaaaaa");

function aSandbox(): LiveSandbox {
  const request = CreateSandbox.parse({ agent: "shell", workspace: "/srv/app" });
  const record: LiveSandbox["record"] = {
    version: 1,
    id: sandbox,
    name: "app",
    createdAt: "2026-01-01T00:00:00.000Z",
    image: "sha256:0",
    workload: "workload",
    user: "1000:1000",
    homeDirectory: "/home/agent",
    placeholder: "p",
    modelSource: "none",
    request,
    profileRules: [],
    profileProtect: [],
    longRunning: false,
    protected: [],
    hidden: [],
    notices: [],
    skipped: [],
    ready: true,
  };
  return { record, pod: undefined, running: true };
}

interface Daemon {
  readonly sessions: SessionService;
  readonly stored: Map<SessionId, SessionRecord>;
  /** Session and time of each `waitForEnd`. */
  readonly asked: { readonly session: SessionId; readonly at: number }[];
}

/** A daemon that comes back to a sandbox which claims `claimed`, and whose engine ends no wait as it should. */
function daemonOver(claimed: readonly SessionId[], stored = new Map<SessionId, SessionRecord>()): Daemon {
  const asked: { session: SessionId; at: number }[] = [];
  const runner: Partial<SessionRunner> = {
    list: async () => Promise.resolve(claimed.map((session): SessionOnDisk => ({ session, state: { phase: "running" } }))),
    waitForEnd: async ({ session }) => {
      asked.push({ session, at: Date.now() });
      return Promise.reject(new AppError("ENGINE_FAILED", { message: "the engine is away", fix: "Wait." }));
    },
  };
  const store: Partial<SandboxStore> = { sessions: () => [...stored.values()], putSession: (record) => void stored.set(record.id, record) };
  const unused = (): never => {
    throw new Error("not called");
  };
  const sessions = new SessionService({
    runner: async () => Promise.resolve(runner as SessionRunner),
    store: store as SandboxStore,
    record: () => undefined,
    now: () => new Date(),
    newId: unused,
    sandbox: unused,
    profile: unused,
    snapshot: unused,
    stop: unused,
    idleStopMs: 1000,
    onFault: unused,
  });
  return { sessions, stored, asked };
}

const forged = (prefix: string): readonly SessionId[] => Array.from({ length: 5000 }, (_, index) => SessionId.parse(`ses_${prefix}${String(index).padStart(7, "0")}`));

function stopTime(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

describe("sessions after a start of the daemon", () => {
  it("are taken from a sandbox's word up to a number, also over several starts", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    onTestFinished(() => {
      live.running = false;
    });
    const first = daemonOver(forged("a"));
    await first.sessions.reconcile([live]);
    await vi.advanceTimersByTimeAsync(0);
    expect(first.sessions.running(sandbox)).toHaveLength(32);
    expect(new Set(first.asked.map(({ session }) => session)).size).toBe(32);
    const second = daemonOver([...first.stored.keys(), ...forged("b")], first.stored);
    await second.sessions.reconcile([live]);
    expect(second.sessions.running(sandbox)).toHaveLength(32);
    expect(second.stored.size).toBe(32);
  });

  it("are asked after less and less often while that fails, at last twice a minute", async ({ expect }) => {
    stopTime();
    const live = aSandbox();
    onTestFinished(() => {
      live.running = false;
    });
    const { sessions, asked } = daemonOver(forged("a").slice(0, 1));
    const start = Date.now();
    await sessions.reconcile([live]);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked.map(({ at }) => (at - start) / 1000)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5]);
    expect(sessions.running(sandbox)).toHaveLength(1);
  });
});
