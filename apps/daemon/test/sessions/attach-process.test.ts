import { duplexPair, PassThrough, Writable } from "node:stream";
import { encodeFrame } from "@sbx/contracts";
import { it } from "vitest";
import { readFrames } from "../../src/sessions/attach-process.ts";

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};

it("waits once for a program that does not read, however many frames a client sent together, and loses none", async ({ expect }) => {
  const [ours, theirs] = duplexPair();
  const taken: Buffer[] = [];
  const held: (() => void)[] = [];
  let isFree = false;
  const stdin = new Writable({
    highWaterMark: 8,
    write(chunk: Buffer, _encoding, done) {
      taken.push(chunk);
      if (isFree) done();
      else held.push(done);
    },
  });
  const nothing = () => Promise.resolve();
  readFrames(ours, { process: { stdin, stdout: new PassThrough(), stderr: new PassThrough(), exit: new Promise(() => undefined), resize: nothing, detach: () => undefined }, signal: nothing });
  theirs.write(Buffer.concat(Array.from({ length: 500 }, (_, at) => encodeFrame("stdin", Buffer.from(`${at}\n`)))));
  await turns();
  expect(stdin.listenerCount("drain")).toBe(1);
  expect(ours.isPaused()).toBe(true);
  theirs.write(encodeFrame("stdin", Buffer.from("later")));
  await turns();
  isFree = true;
  held[0]?.();
  await turns();
  expect(Buffer.concat(taken).toString()).toBe(`${Array.from({ length: 500 }, (_, at) => `${at}\n`).join("")}later`);
  expect([stdin.listenerCount("drain"), ours.isPaused()]).toEqual([0, false]);
});
