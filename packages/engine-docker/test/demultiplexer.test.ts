import { once } from "node:events";
import { describe, it } from "vitest";
import { text } from "node:stream/consumers";
import { Demultiplexer } from "../src/demultiplexer.ts";
import { OutputStream } from "../src/output-stream.ts";

function frame(kind: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(kind, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

async function through(chunks: readonly Buffer[]): Promise<{ stdout: string; stderr: string; error: unknown }> {
  const outputs = { stdout: new OutputStream(), stderr: new OutputStream() };
  const sink = new Demultiplexer(outputs);
  let error: unknown;
  sink.on("error", (found) => {
    error = found;
  });
  const texts = Promise.all([text(outputs.stdout), text(outputs.stderr)]);
  for (const chunk of chunks) sink.write(chunk);
  sink.end();
  await new Promise((resolve) => {
    sink.once("close", resolve);
  });
  await Promise.all([outputs.stdout.finish(), outputs.stderr.finish()]);
  const [stdout, stderr] = await texts;
  return { stdout, stderr, error };
}

describe("Demultiplexer", () => {
  it("gives the same for every way to cut the stream", async ({ expect }) => {
    const all = Buffer.concat([frame(1, "one"), frame(2, "two"), frame(1, ""), frame(1, "three")]);
    for (let size = 1; size <= all.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));
      expect(await through(chunks)).toEqual({ stdout: "onethree", stderr: "two", error: undefined });
    }
  });

  it.for([
    ["an unknown stream", Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 65])],
    ["other bytes than zeros", Buffer.from([1, 1, 0, 0, 0, 0, 0, 1, 65])],
    ["plain text", Buffer.from("HTTP/1.1 200 OK")],
    ["a piece that is cut off", frame(1, "cut").subarray(0, 9)],
    ["a header that is cut off", frame(1, "cut").subarray(0, 3)],
  ] as const)("ends with a problem at %s", async ([, bytes], { expect }) => {
    expect(await through([frame(1, "ok"), bytes])).toMatchObject({ stdout: expect.stringMatching(/^okc?$/) as unknown, error: { code: "ENGINE_FAILED" } });
  });

  it("announces a huge piece and holds nothing", async ({ expect }) => {
    const outputs = { stdout: new OutputStream(), stderr: new OutputStream() };
    const sink = new Demultiplexer(outputs);
    sink.write(Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 65]));
    const [chunk] = (await once(outputs.stdout, "data")) as [Buffer];
    expect(chunk.toString()).toBe("A");
    sink.destroy();
  });

  it("waits for a reader", async ({ expect }) => {
    const outputs = { stdout: new OutputStream(), stderr: new OutputStream() };
    const sink = new Demultiplexer(outputs);
    let taken = 0;
    for (let i = 0; i < 8; i += 1)
      sink.write(frame(1, "x".repeat(65_536)), () => {
        taken += 1;
      });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(taken).toBeLessThan(3);
    outputs.stdout.resume();
    sink.end();
    await once(sink, "finish");
    expect(taken).toBe(8);
  });
});
