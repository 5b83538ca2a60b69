import { PassThrough, Writable } from "node:stream";
import { memoryHeld } from "@sbx/testing";
import { describe, it } from "vitest";
import { StreamsSession } from "../../src/sessions/streams-session.ts";

const KIB = 1 << 10;

/** A session, and what its program writes to. */
function opened() {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const nothing = () => Promise.resolve();
  const session = new StreamsSession({ stdin: new Writable(), stdout, stderr, exit: new Promise(() => undefined), resize: nothing, detach: () => undefined }, () => undefined);
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
