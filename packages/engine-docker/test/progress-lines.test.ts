import { Readable } from "node:stream";
import { describe, it } from "vitest";
import { LineGatherer, readProgress, type ProgressMessage } from "../src/progress-lines.ts";

async function messagesOf(stream: Readable): Promise<readonly ProgressMessage[]> {
  const found: ProgressMessage[] = [];
  for await (const message of readProgress(stream)) found.push(message);
  return found;
}

describe("readProgress", () => {
  it("reads documents across chunks and passes over what is none", async ({ expect }) => {
    const text = '{"stream":"Step 1/2 : é\\n"}\r\n\nnot json\n[1]\n{"aux":{"ID":"sha256:1"}}\n{"error":"no","errorDetail":{}}';
    const bytes = Buffer.from(text);
    const found = await messagesOf(Readable.from(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))));
    expect(found.filter((message) => Object.keys(message).length > 0)).toEqual([{ stream: "Step 1/2 : é\n" }, { imageId: "sha256:1" }, { error: "no" }]);
  });

  it("refuses a line without end", async ({ expect }) => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1 << 20, "x");
      })(),
    );
    await expect(messagesOf(endless)).rejects.toThrow("too long");
  });
});

describe("LineGatherer", () => {
  it("makes lines of parts", ({ expect }) => {
    const lines: string[] = [];
    const gatherer = new LineGatherer((line) => lines.push(line));
    for (const part of ["a", "b\nc\r\n", "\n", "50%\r100%\r", "end"]) gatherer.add(part);
    gatherer.end();
    expect(lines).toEqual(["ab", "c", "50%", "100%", "end"]);
  });
});
