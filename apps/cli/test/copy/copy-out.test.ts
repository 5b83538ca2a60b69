import { Readable } from "node:stream";
import { describe, it } from "vitest";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

/** A header block of a tar, of which only kind and size are looked at. */
function header(kind: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write("f");
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write(kind, 156);
  return block;
}

const sending = (...pieces: readonly Buffer[]) =>
  createFakeDaemon({ archive: { read: () => Promise.resolve({ tar: Readable.from(pieces), end: () => ({}) }), write: () => Promise.reject(new Error("nothing is written")) } });

describe("what sbx cp writes to its output", () => {
  it("is the tar as the sandbox sent it", async ({ expect }) => {
    const daemon = sending(header("0", 5), Buffer.alloc(512, "h"), Buffer.alloc(1024));
    const { code, out } = await runLine(["cp", "box:/x", "-"], { daemon });
    expect({ code, bytes: out.length }).toEqual({ code: 0, bytes: 2048 });
  });

  it("ends before a header that whoever unpacks it would have to hold, and says so", async ({ expect }) => {
    const daemon = sending(header("5", 0), Buffer.concat([header("x", 1 << 20), Buffer.alloc(1 << 20, "w")]), header("0", 0));
    const { code, out, err } = await runLine(["cp", "box:/x", "-"], { daemon });
    expect({ code, bytes: out.length }).toEqual({ code: 125, bytes: 512 });
    expect(err).toContain("ARCHIVE_REFUSED");
  });
});
