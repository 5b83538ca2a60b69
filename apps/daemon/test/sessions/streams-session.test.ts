import { once } from "node:events";
import { duplexPair, PassThrough, Writable, type Duplex } from "node:stream";
import { memoryHeld } from "@sbx/testing";
import { describe, it, onTestFinished, vi } from "vitest";
import { StreamsSession } from "../../src/sessions/streams-session.ts";

const KIB = 1 << 10;

/** A session, and what its program writes to. */
function opened() {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const nothing = () => Promise.resolve();
  const session = new StreamsSession({ stdin: new Writable(), stdout, stderr, exit: new Promise(() => undefined), resize: nothing, detach: () => undefined }, { exitCode: () => undefined });
  stdout.resume();
  stderr.resume();
  return { session, stdout, stderr };
}

describe("the log of a session with three streams", () => {
  it("is the end of what its program wrote, in the order in which it came", ({ expect }) => {
    const { session, stdout, stderr } = opened();
    for (let line = 0; line < 40_000; line += 1) (line % 2 === 0 ? stdout : stderr).emit("data", Buffer.from(`line ${line}\n`));
    const log = session.log();
    expect(log.endsWith("line 39997\nline 39998\nline 39999\n")).toBe(true);
    expect(log.length).toBeGreaterThan(250 * KIB);
    expect(log.length).toBeLessThanOrEqual(256 * KIB);
  });

  it("takes hardly more memory than its bytes when they come one by one", ({ expect }) => {
    const { session, stdout } = opened();
    const before = memoryHeld();
    for (let at = 0; at < 300 * KIB; at += 1) stdout.emit("data", Buffer.from(new ArrayBuffer(1)));
    expect((memoryHeld() - before) / KIB).toBeLessThan(28 * KIB);
    expect(session.log().length).toBeGreaterThan(250 * KIB);
  });
});

describe("a session that is its client's alone", () => {
  const nothing = () => Promise.resolve();

  function owned() {
    const left: string[] = [];
    const exit = Promise.withResolvers<number>();
    const process = { stdin: new Writable(), stdout: new PassThrough(), stderr: new PassThrough(), exit: exit.promise, resize: nothing, detach: () => undefined };
    const session = new StreamsSession(process, { exitCode: () => undefined, left: () => void left.push("left") });
    const join = (): Duplex => {
      const [client, ours] = duplexPair();
      session.attach(ours, nothing);
      client.resume();
      return ours;
    };
    return { session, exit, left, join };
  }

  it("is told when its client has gone, and not when another took its place", async ({ expect }) => {
    const { left, join } = owned();
    const first = join();
    const second = join();
    await once(first, "close");
    await new Promise(setImmediate);
    expect(left).toEqual([]);
    second.destroy();
    await once(second, "close");
    expect(left).toEqual(["left"]);
  });

  it("is told when its client sends no more, also while there is nothing to say to it", async ({ expect }) => {
    const { left, session } = owned();
    const [client, ours] = duplexPair();
    session.attach(ours, nothing);
    client.end();
    await once(ours, "close");
    expect(left).toEqual(["left"]);
  });

  it("is not told after its end", async ({ expect }) => {
    const { exit, left, join } = owned();
    const connection = join();
    exit.resolve(0);
    await new Promise(setImmediate);
    connection.destroy();
    await once(connection, "close");
    await new Promise(setImmediate);
    expect(left).toEqual([]);
  });

  it("is told when nobody comes", async ({ expect }) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { left } = owned();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(left).toEqual(["left"]);
  });
});
