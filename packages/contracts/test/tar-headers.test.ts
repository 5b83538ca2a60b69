import { describe, it } from "vitest";
import { checkTarHeaders, UnfitTar } from "../src/index.ts";

/** A header block with nothing in it that this looks at but its kind and size. */
function header(kind: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write("f", 0);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write(kind, 156);
  return block;
}

async function* of(...pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

describe("checkTarHeaders", () => {
  it("passes on a tar byte by byte as it came", async ({ expect }) => {
    const tar = Buffer.concat([header("0", 700), Buffer.alloc(1024, "x"), header("5", 0), Buffer.alloc(1024)]);
    const passed: Buffer[] = [];
    for await (const piece of checkTarHeaders(of(...Array.from(tar, (_, at) => tar.subarray(at, at + 1))))) passed.push(piece);
    expect(Buffer.concat(passed).equals(tar)).toBe(true);
  });

  it("passes on nothing of a piece in which a header is that it refuses", async ({ expect }) => {
    const first = header("5", 0);
    const passed: Buffer[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of checkTarHeaders(of(first, header("x", 1 << 20), Buffer.alloc(1 << 20)))) passed.push(piece);
    };
    await expect(read()).rejects.toSatisfy((error) => error instanceof UnfitTar && error.reason === "size");
    expect(passed).toEqual([first]);
  });

  it("takes as many empty blocks as it was told", async ({ expect }) => {
    const read = async (blocks: number): Promise<void> => {
      for await (const _ of checkTarHeaders(of(Buffer.alloc(blocks * 512)), { togetherBytes: 1 << 20 }));
    };
    await read(2048);
    await expect(read(2049)).rejects.toThrow("more than 1 MiB");
  });
});
