import { setImmediate as turn } from "node:timers/promises";
import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { Execution, type ExecutionRequest } from "../../src/sdk/execution.ts";
import { fakeDaemon, type FakeDaemon, type Peer } from "./fake-connection.ts";

const session = { kind: "exec" as const, mode: "streams" as const, args: ["build"], stdin: false, env: {} };
const start = ({ connection }: FakeDaemon, over: Partial<ExecutionRequest> = {}): Execution => new Execution(() => Promise.resolve(connection), { sandbox: "box", session, ...over });

describe("a program in a sandbox", () => {
  it("gives both outputs apart, and its exit code", async ({ expect }) => {
    const daemon = fakeDaemon({
      act: (peer) => {
        peer.say("stdout", "one ");
        peer.say("stderr", "wrong");
        peer.say("stdout", "two");
        peer.exit(3);
      },
    });
    expect(await start(daemon).result()).toEqual({ stdout: "one two", stderr: "wrong", exitCode: 3, truncated: false });
    expect(daemon.calls).toEqual([{ name: "openSession", input: expect.objectContaining({ sandbox: "box", args: ["build"], stdin: false }) }]);
  });

  it("keeps the beginning of a long output and says that there was more", async ({ expect }) => {
    const daemon = fakeDaemon({
      act: (peer) => {
        for (let count = 0; count < 100; count += 1) peer.say("stdout", "x".repeat(10_000));
        peer.exit(0);
      },
    });
    const { stdout, truncated } = await start(daemon).result({ maxBytes: 25_000 });
    expect([stdout.length, truncated]).toEqual([25_000, true]);
  });

  it("comes to its end although nobody reads megabytes of its output, which cannot be asked for afterwards", async ({ expect }) => {
    const daemon = fakeDaemon({
      act: (peer) => {
        for (let count = 0; count < 50; count += 1) peer.say(count % 2 === 0 ? "stdout" : "stderr", "x".repeat(100_000));
        peer.exit(0);
      },
    });
    const program = start(daemon);
    expect(await program.exitCode).toBe(0);
    expect(() => program.stdout).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("is ended inside at the signal, and only then the caller is told", async ({ expect }) => {
    const gone = Promise.withResolvers<{ done: true }>();
    const daemon = fakeDaemon({ act: () => undefined, handlers: { endSession: () => gone.promise } });
    const stop = new AbortController();
    const program = start(daemon, { signal: stop.signal });
    const told: unknown[] = [];
    program.exitCode.catch((error: unknown) => told.push(error));
    await program.session;
    const why = new Error("no longer wanted");
    stop.abort(why);
    await turn();
    expect([daemon.calls.at(-1)?.name, told]).toEqual(["endSession", []]);
    gone.resolve({ done: true });
    await expect(program.exitCode).rejects.toMatchObject({ code: "INTERRUPTED", cause: why });
    await expect(program.result()).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  it("that was given up is so told, also when its exit code comes first", async ({ expect }) => {
    const peers: Peer[] = [];
    const end = () => {
      peers[0]?.exit(143);
      return new Promise<never>(() => undefined);
    };
    const daemon = fakeDaemon({ act: (peer) => peers.push(peer), handlers: { endSession: end } });
    const stop = new AbortController();
    const program = start(daemon, { signal: stop.signal });
    await program.kill("SIGCONT");
    stop.abort();
    await expect(program.exitCode).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  it("is not started when the signal has fired before, and ended when it fires while it is started", async ({ expect }) => {
    const daemon = fakeDaemon();
    await expect(start(daemon, { signal: AbortSignal.abort() }).exitCode).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(daemon.calls).toEqual([]);
    const stop = new AbortController();
    const late = fakeDaemon({ act: () => undefined });
    const program = start(late, { signal: stop.signal });
    stop.abort();
    await expect(program.exitCode).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(late.calls.map(({ name }) => name)).toEqual(["openSession", "endSession"]);
  });

  it("that cannot be started says so everywhere it is asked, and is no unhandled rejection where it is not", async ({ expect }) => {
    const daemon = fakeDaemon({ handlers: { openSession: () => Promise.reject(new AppError("SANDBOX_NOT_FOUND", { message: "gone", fix: "list them" })) } });
    const program = start(daemon, { stdin: { kind: "pipe" } });
    const asked = [program.exitCode, program.session, program.kill(), (async () => program.stdout.toArray())()];
    for (const answer of asked) await expect(answer).rejects.toMatchObject({ code: "SANDBOX_NOT_FOUND" });
    start(daemon);
    await turn();
  });

  it.for([
    ["a text", "ü".repeat(200_000)],
    ["bytes", Buffer.from("ü".repeat(200_000))],
    ["pieces", ["ü".repeat(150_000), Buffer.from("ü".repeat(50_000))]],
  ] as const)("reads %s, in frames that the daemon takes", async ([, stdin], { expect }) => {
    const seen = Promise.withResolvers<Peer>();
    const daemon = fakeDaemon({ act: (peer) => void readAll(peer, seen) });
    const source = Array.isArray(stdin) ? piecesOf(stdin) : stdin;
    expect(await start(daemon, { stdin: source as string }).exitCode).toBe(0);
    const peer = await seen.promise;
    expect(peer.typed()).toBe("ü".repeat(200_000));
    expect(Math.max(...peer.frames.map(({ payload }) => payload.byteLength))).toBeLessThanOrEqual(65_536);
  });

  it("reads what is written while it runs", async ({ expect }) => {
    const seen = Promise.withResolvers<Peer>();
    const program = start(fakeDaemon({ act: (peer) => void readAll(peer, seen) }), { stdin: { kind: "pipe" } });
    program.stdin?.write("one ");
    await program.session;
    program.stdin?.end("two");
    expect(await program.exitCode).toBe(0);
    expect((await seen.promise).typed()).toBe("one two");
  });

  it("is ended when the source of its input fails", async ({ expect }) => {
    const daemon = fakeDaemon({ act: () => undefined });
    const broken = (async function* () {
      yield "some";
      await turn();
      throw new Error("the file went away");
    })();
    await expect(start(daemon, { stdin: broken }).exitCode).rejects.toThrow("the file went away");
    expect(daemon.calls.map(({ name }) => name)).toContain("endSession");
  });

  it("whose daemon dies is told from one that ended", async ({ expect }) => {
    await expect(start(fakeDaemon({ act: (peer) => peer.die() })).exitCode).rejects.toMatchObject({ code: "DAEMON_UNREACHABLE", details: { session: "ses_00000001" } });
    const problem = new AppError("SESSION_NOT_FOUND", { message: "none", fix: "open one" });
    await expect(start(fakeDaemon({ act: (peer) => peer.problem(problem) })).exitCode).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });

  it("gets signals", async ({ expect }) => {
    const peers: Peer[] = [];
    const program = start(fakeDaemon({ act: (peer) => peers.push(peer) }));
    await program.kill("SIGUSR1");
    await turn();
    expect(peers[0]?.frames.map(({ type, payload }) => [type, Buffer.from(payload).toString()])).toEqual([["signal", "SIGUSR1"]]);
    peers[0]?.exit(138);
    expect(await program.exitCode).toBe(138);
  });
});

async function* piecesOf<T>(pieces: readonly T[]): AsyncGenerator<T> {
  yield* pieces;
}

/** End with 0 once the input has ended. */
async function readAll(peer: Peer, seen: { readonly resolve: (peer: Peer) => void }): Promise<void> {
  while (!peer.frames.some(({ type }) => type === "stdin-end")) await turn();
  seen.resolve(peer);
  peer.exit(0);
}
