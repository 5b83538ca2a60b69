import { Duplex } from "node:stream";
import { describe, it, vi } from "vitest";
import type { FilterLine } from "../../src/reaper/filter-line.ts";
import { Reaper } from "../../src/reaper/reaper.ts";

/** A client's end and the reaper's end of a connection. */
function connection(): readonly [client: Duplex, served: Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write(piece: Buffer, _encoding, done) {
        other().push(piece);
        done();
      },
      final(done) {
        other().push(null);
        done();
      },
    });
  const client: Duplex = make(() => served);
  const served: Duplex = make(() => client);
  client.resume();
  return [client, served];
}

async function open({ graceMs, firstMs }: { readonly graceMs: number; readonly firstMs: number }) {
  const seen: { serve: (served: Duplex) => void; readonly reaped: (readonly FilterLine[])[]; ended: number; closed: number } = { serve: () => undefined, reaped: [], ended: 0, closed: 0 };
  const reaper = new Reaper({
    listen: (serve) => {
      seen.serve = serve;
      return Promise.resolve({ port: 1, [Symbol.asyncDispose]: () => Promise.resolve(void (seen.closed += 1)) });
    },
    reap: (filters) => Promise.resolve(void seen.reaped.push(filters)),
    onEnd: () => void (seen.ended += 1),
    onFault: () => undefined,
    graceMs,
    firstMs,
  });
  await reaper.start();
  await reaper.start();
  return { reaper, seen };
}

describe("a reaper", () => {
  it("removes what its clients named when the last one has gone, and ends", async ({ expect }) => {
    const { seen } = await open({ graceMs: 10, firstMs: 60_000 });
    const [client, served] = connection();
    seen.serve(served);
    client.end("label=a=b&label=c\n");
    await vi.waitUntil(() => seen.closed === 1);
    expect(seen).toMatchObject({ reaped: [[{ labels: ["a=b", "c"] }]], ended: 1 });
  });

  it("ends without removing anything when no client ever comes", async ({ expect }) => {
    const { seen } = await open({ graceMs: 60_000, firstMs: 10 });
    await vi.waitUntil(() => seen.closed === 1);
    expect([seen.reaped.flat(), seen.ended]).toEqual([[], 1]);
  });

  it("keeps everything as long as a client is there, and when it is ended", async ({ expect }) => {
    const { reaper, seen } = await open({ graceMs: 1, firstMs: 20 });
    const [client, served] = connection();
    seen.serve(served);
    client.write("label=a\n");
    const other = await open({ graceMs: 1, firstMs: 40 });
    await vi.waitUntil(() => other.seen.closed === 1);
    expect([seen.reaped, seen.ended]).toEqual([[], 0]);
    await reaper[Symbol.asyncDispose]();
    expect([seen.reaped, seen.ended, seen.closed]).toEqual([[], 0, 1]);
  });
});
