import { AppError, type Handlers } from "@sbx/contracts";
import { describe, it } from "vitest";
import { SandboxHandle } from "../../src/sdk/sandbox-handle.ts";
import { aSandbox, aSession, fakeDaemon, type FakeDaemon, type Peer } from "./fake-connection.ts";

function handle({ connection }: FakeDaemon, owned: boolean): SandboxHandle {
  const connect = () => Promise.resolve(connection);
  return new SandboxHandle(aSandbox(), { link: connect, events: { connect, find: connect, sleep: () => Promise.resolve() }, owned, absolute: (path) => path });
}

const namesOf = ({ calls }: FakeDaemon): readonly string[] => calls.map(({ name }) => name);

describe("a handle of a sandbox", () => {
  it("that made it takes it away at the end of its scope, also after a failure", async ({ expect }) => {
    const daemon = fakeDaemon();
    const work = async (): Promise<void> => {
      await using box = handle(daemon, true);
      throw new Error(`work in ${box.name} failed`);
    };
    await expect(work()).rejects.toThrow("work in shell-app failed");
    expect(daemon.calls).toEqual([{ name: "removeSandbox", input: { sandbox: "sbx_k3v9q2m1", force: true } }]);
  });

  it("is content when somebody else has taken it away, and says every other failure", async ({ expect }) => {
    const failing = (code: "SANDBOX_NOT_FOUND" | "ENGINE_FAILED"): Partial<Handlers> => ({ removeSandbox: () => Promise.reject(new AppError(code, { message: code, fix: "x" })) });
    await handle(fakeDaemon({ handlers: failing("SANDBOX_NOT_FOUND") }), true)[Symbol.asyncDispose]();
    await expect(handle(fakeDaemon({ handlers: failing("ENGINE_FAILED") }), true)[Symbol.asyncDispose]()).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });

  it("that found it leaves it, and everything in it", async ({ expect }) => {
    const daemon = fakeDaemon();
    await handle(daemon, false)[Symbol.asyncDispose]();
    expect(daemon.calls).toEqual([]);
  });

  it("runs programs in the workspace, or below it, with their own variables", async ({ expect }) => {
    const daemon = fakeDaemon();
    const box = handle(daemon, true);
    await box.exec(["a"], { cwd: "sub", env: { X: "1" }, deadlineMs: 5 }).exitCode;
    await box.runAgent(["b"], { cwd: "/tmp" }).exitCode;
    expect(daemon.calls.map(({ input }) => input)).toEqual([
      expect.objectContaining({ kind: "exec", args: ["a"], workdir: "/srv/app/sub", env: { X: "1" }, deadlineMs: 5 }),
      expect.objectContaining({ kind: "agent", args: ["b"], workdir: "/tmp" }),
    ]);
  });

  it("publishes ports, any free one where none is named, and takes them back", async ({ expect }) => {
    const view = { hostIp: "127.0.0.1" as const, hostPort: 40_000, port: 80 };
    const daemon = fakeDaemon({ handlers: { publishPort: () => Promise.resolve(view), unpublishPort: () => Promise.resolve({ done: true }), listPorts: () => Promise.resolve([view]) } });
    const { ports } = handle(daemon, true);
    expect(await ports.publish(80)).toEqual(view);
    expect(await ports.list()).toEqual([view]);
    await ports.unpublish(view);
    expect(daemon.calls.map(({ input }) => input)).toEqual([
      { sandbox: "sbx_k3v9q2m1", port: 80, hostPort: 0, hostIp: "127.0.0.1" },
      { sandbox: "sbx_k3v9q2m1" },
      { sandbox: "sbx_k3v9q2m1", hostPort: 40_000, hostIp: "127.0.0.1" },
    ]);
  });

  it("refuses a destination that is none before anybody is asked", async ({ expect }) => {
    const daemon = fakeDaemon();
    await expect(handle(daemon, true).allow("a b")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(daemon.calls).toEqual([]);
  });
});

describe("a terminal", () => {
  it("carries keys, sizes and signals in, and what it shows out", async ({ expect }) => {
    const peers: Peer[] = [];
    const daemon = fakeDaemon({ act: (peer) => peers.push(peer) });
    await using terminal = await handle(daemon, true).pty({ command: ["bash"], size: { columns: 100, rows: 30 } });
    await terminal.write("ls\n");
    terminal.resize({ columns: 90, rows: 20 });
    terminal.kill("SIGINT");
    const [peer] = peers;
    peer?.say("stdout", "\u001B[1mshown");
    peer?.exit(7);
    expect(await terminal.exitCode).toBe(7);
    expect(Buffer.concat(await terminal.output.toArray()).toString()).toBe("\u001B[1mshown");
    expect(peer?.frames.map(({ type }) => type)).toEqual(["stdin", "resize", "signal"]);
    expect(daemon.calls[0]?.input).toMatchObject({ kind: "exec", mode: "terminal", terminal: { size: { columns: 100, rows: 30 }, term: "xterm-256color" } });
  });

  it("that was opened is ended at the end of its scope; one that was joined goes on", async ({ expect }) => {
    const daemon = fakeDaemon({ act: () => undefined, handlers: { inspectSandbox: () => Promise.resolve(aSandbox({ sessions: [aSession({ mode: "terminal" })] })) } });
    const box = handle(daemon, true);
    await (await box.pty())[Symbol.asyncDispose]();
    expect(namesOf(daemon)).toEqual(["openSession", "endSession"]);
    const joined = await box.attach();
    await joined[Symbol.asyncDispose]();
    await expect(joined.exitCode).rejects.toMatchObject({ code: "DAEMON_UNREACHABLE" });
    expect(namesOf(daemon)).toEqual(["openSession", "endSession", "inspectSandbox"]);
  });

  it("cannot be joined where none runs", async ({ expect }) => {
    const daemon = fakeDaemon({ handlers: { inspectSandbox: () => Promise.resolve(aSandbox({ sessions: [aSession({ mode: "streams" })] })) } });
    await expect(handle(daemon, true).attach()).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });
});
