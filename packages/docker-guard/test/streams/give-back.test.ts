import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { describe, it } from "vitest";
import { giveBack } from "../../src/streams/give-back.ts";
import { rebuildTar } from "../../src/streams/rebuild-tar.ts";

describe("giveBack", () => {
  it("frees a large piece that is alone in its memory", ({ expect }) => {
    const piece = new Uint8Array(64 << 10);
    giveBack(piece);
    expect([piece.byteLength, piece.buffer.byteLength]).toEqual([0, 0]);
  });

  it("leaves a piece that shares its memory, and a small one", ({ expect }) => {
    const whole = new Uint8Array(64 << 10).fill(7);
    giveBack(whole.subarray(1));
    giveBack(whole.subarray(0, whole.length - 1));
    const constant = new Uint8Array(1024).fill(7);
    giveBack(constant);
    expect([whole.every((byte) => byte === 7), constant.every((byte) => byte === 7)]).toEqual([true, true]);
  });

  it("may be called for each piece of a tar that was sent: the next tar is whole all the same", async ({ expect }) => {
    for (const size of [1, 100_000, 512 * 200]) {
      const tar = pack();
      tar.entry({ name: "f" }, Buffer.alloc(size, 65));
      tar.finalize();
      const copies: Buffer[] = [];
      for await (const bytes of rebuildTar(Readable.from(tar)).output as AsyncIterable<Buffer>) {
        copies.push(Buffer.from(bytes));
        giveBack(bytes);
      }
      const [header, end] = [512, 1024];
      const sent = Buffer.concat(copies);
      expect(sent.subarray(header, header + size).toString()).toBe("A".repeat(size));
      expect(sent.subarray(header + size).every((byte) => byte === 0)).toBe(true);
      expect(sent.length).toBe(header + Math.ceil(size / 512) * 512 + end);
    }
  });
});
