import { PassThrough } from "node:stream";
import { describe, it } from "vitest";
import { ByteBudget } from "../../src/byte-budget.ts";
import { stdioTransport } from "../../src/upstream/stdio-transport.ts";

const LIMITS = { messageBytes: 1 << 20, largeBytes: 1 << 20, linesPerSecond: 10 };
const turn = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
};

/** A server on streams in memory, and what has arrived from it. */
function aServer() {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const arrived: unknown[] = [];
  const running = { stdin, stdout, stderr, exit: new Promise<number>(() => undefined), [Symbol.asyncDispose]: () => Promise.resolve() };
  const transport = stdioTransport(
    running,
    { onMessage: (message) => void arrived.push(message), onRefused: () => undefined, onClosed: () => undefined },
    { limits: LIMITS, budget: new ByteBudget(1 << 20), aside: new ByteBudget(1 << 20), asideDirectory: "/nonexistent" },
  );
  return { transport, arrived, stdout, write: (message: object) => stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`) };
}

describe("a server on standard streams", () => {
  it("is read as fast as it answers what it was asked", async ({ expect }) => {
    const { transport, arrived, stdout, write } = aServer();
    await using _ = transport;
    for (let round = 0; round < 20; round += 1) {
      for (let at = 0; at < 9; at += 1) transport.send({ kind: "request", id: round * 9 + at, method: "ping" });
      for (let at = 0; at < 9; at += 1) write({ id: round * 9 + at, result: {} });
      await turn();
    }
    expect(arrived).toHaveLength(180);
    expect(stdout.isPaused()).toBe(false);
  });

  it("is read no faster than the limit when it says what nobody asked for, also after many questions", async ({ expect }) => {
    const { transport, stdout, write } = aServer();
    await using _ = transport;
    for (let id = 0; id < 1000; id += 1) transport.send({ kind: "request", id, method: "ping" });
    await turn();
    write({ method: "notifications/message", params: {} });
    await turn();
    for (let at = 0; at < 40; at += 1) write({ method: "notifications/message", params: {} });
    await turn();
    await turn();
    expect(stdout.isPaused()).toBe(true);
  });
});
