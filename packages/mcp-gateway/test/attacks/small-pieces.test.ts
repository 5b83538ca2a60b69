import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { memoryHeld } from "@sbx/testing";
import { afterEach, describe, it } from "vitest";
import { ByteBudget } from "../../src/byte-budget.ts";
import { readBody } from "../../src/http/read-body.ts";
import { JsonReader } from "../../src/large/json-reader.ts";
import { Spool } from "../../src/large/spool.ts";
import { boundedFetch } from "../../src/upstream/bounded-fetch.ts";
import { LineSplitter } from "../../src/upstream/line-splitter.ts";

const MIB = 1 << 20;
const servers: { close: () => unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe("what comes in pieces of a single byte", () => {
  it("takes of a server's line hardly more than its bytes", ({ expect }) => {
    const splitter = new LineSplitter(32 * MIB);
    const before = memoryHeld();
    for (let at = 0; at < MIB; at += 1) splitter.push(Buffer.from(new ArrayBuffer(1))).next();
    expect(splitter.lineBytes).toBe(MIB);
    expect((memoryHeld() - before) / MIB).toBeLessThan(64);
  });

  it("takes of texts that are all escapes hardly more than was counted", ({ expect }) => {
    let counted = 0;
    const reader = new JsonReader(new Spool(tmpdir(), new ByteBudget(0)), { depth: 10, hold: (bytes) => (counted = bytes) });
    const before = memoryHeld();
    reader.push(Buffer.from("["));
    for (let at = 0; at < 200; at += 1) reader.push(Buffer.from(`"${String.raw`\n`.repeat(32_000)}",`));
    expect(counted).toBeGreaterThan(6_000_000);
    expect(memoryHeld() - before).toBeLessThan(10 * counted);
    expect(reader).toBeDefined();
  });

  it("takes of a client's body hardly more than its bytes", { timeout: 120_000 }, async ({ expect }) => {
    const bodies = Promise.withResolvers<readonly [before: number, during: number]>();
    const budget = new ByteBudget(8 * MIB);
    const server = createServer((request) => {
      const before = memoryHeld();
      readBody(request, { limits: { bodyBytes: 4 * MIB, bodyMs: 100_000 }, budget }).catch(() => undefined);
      request.once("sbx-half", () => bodies.resolve([before, memoryHeld()]));
      let bytes = 0;
      request.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes === MIB / 2) request.emit("sbx-half");
      });
    }).listen(0);
    servers.push(server);
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    servers.push({ close: () => client.destroy() });
    client.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.write("1\r\na\r\n".repeat(MIB / 2));
    const [before, during] = await bodies.promise;
    expect((during - before) / MIB).toBeLessThan(48);
  });

  it("goes on in larger ones where it is the body of a server that runs elsewhere", async ({ expect }) => {
    const pieces = 200_000;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < pieces) controller.enqueue(Uint8Array.of(0x20));
        else controller.close();
      },
    });
    const bounded = boundedFetch(() => Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } })), { maxBytes: MIB, budget: new ByteBudget(MIB), eventsPerSecond: 10 });
    const answer = await bounded("http://server.test/");
    const sizes: number[] = [];
    for await (const piece of answer.body ?? []) sizes.push(piece.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(pieces);
    expect(sizes.length).toBeLessThan(10);
  });
});
