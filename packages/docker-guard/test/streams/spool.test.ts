import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, it } from "vitest";
import { Spool } from "../../src/streams/spool.ts";

describe("Spool", () => {
  it("keeps streams one after the other, each with its digest, and gives them back whole", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.nat(60_000), { maxLength: 4 }), { minLength: 1, maxLength: 4 }), async (streams) => {
        await using spool = await Spool.open(tmpdir(), 2 ** 30);
        const kept = [];
        for (const [at, sizes] of streams.entries()) {
          const given = sizes.map((size, piece) => Buffer.alloc(size, at * 16 + piece + 1));
          const whole = Buffer.concat(given);
          kept.push({ whole, piece: await spool.append(Readable.from(given)) });
        }
        for (const { whole, piece } of kept) {
          expect(piece.hash).toBe(createHash("sha256").update(whole).digest("hex"));
          expect((await spool.bytes(piece)).equals(whole)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("keeps no more than there is room for", async ({ expect }) => {
    await using spool = await Spool.open(tmpdir(), 100_000);
    await spool.append(Readable.from([Buffer.alloc(60_000)]));
    await expect(spool.append(Readable.from([Buffer.alloc(30_000), Buffer.alloc(30_000)]))).rejects.toThrow(/the most that this sandbox may send/);
  });
});
