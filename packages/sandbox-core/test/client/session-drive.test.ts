import { duplexPair, Writable } from "node:stream";
import { encodeFrame } from "@sbx/contracts";
import { describe, it } from "vitest";
import { SessionDrive } from "../../src/client/session-drive.ts";

/** An output that takes nothing until it is released. */
function slow(): { readonly output: Writable; readonly text: () => string; release(): void } {
  const taken: Buffer[] = [];
  let go: (() => void) | undefined;
  let isFree = false;
  const output = new Writable({
    highWaterMark: 8,
    write(chunk: Buffer, _encoding, done) {
      taken.push(chunk);
      if (isFree) done();
      else go = done;
    },
  });
  return {
    output,
    text: () => Buffer.concat(taken).toString(),
    release() {
      isFree = true;
      go?.();
    },
  };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};

describe("SessionDrive", () => {
  it("waits once for an output that is behind, however many frames came together, and loses none", async ({ expect }) => {
    const [ours, theirs] = duplexPair();
    const [stdout, stderr] = [slow(), slow()];
    const drive = new SessionDrive(ours, { stdout: stdout.output, stderr: stderr.output });
    const frames = Array.from({ length: 500 }, (_, at) => [encodeFrame("stdout", Buffer.from(`${at}\n`)), encodeFrame("stderr", Buffer.from("e"))]).flat();
    theirs.write(Buffer.concat(frames));
    await turns();
    for (const { output } of [stdout, stderr]) for (const event of ["drain", "close"]) expect(output.listenerCount(event)).toBe(1);
    theirs.write(encodeFrame("stdout", Buffer.from("later")));
    stdout.release();
    await turns();
    expect(stdout.text(), "the other output is behind still").not.toContain("later");
    stderr.release();
    await turns();
    expect(stdout.text()).toBe(`${Array.from({ length: 500 }, (_, at) => `${at}\n`).join("")}later`);
    expect(stderr.text()).toBe("e".repeat(500));
    for (const { output } of [stdout, stderr]) for (const event of ["drain", "close"]) expect(output.listenerCount(event)).toBe(0);
    drive.leave();
  });

  it("goes on when an output that was behind closes", async ({ expect }) => {
    const [ours, theirs] = duplexPair();
    const [stdout, stderr] = [slow(), slow()];
    const drive = new SessionDrive(ours, { stdout: stdout.output, stderr: stderr.output });
    theirs.write(Buffer.concat(Array.from({ length: 20 }, () => encodeFrame("stdout", Buffer.from("out")))));
    await turns();
    theirs.write(encodeFrame("stderr", Buffer.from("err")));
    stdout.output.destroy();
    await turns();
    expect(stderr.text()).toBe("err");
    drive.leave();
  });
});
