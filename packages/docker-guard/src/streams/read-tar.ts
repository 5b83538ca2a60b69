import type { Readable } from "node:stream";
import { TarHeaders, UnfitTar } from "@sbx/contracts";
import { extract, type Extract } from "tar-stream";
import { Refusal } from "../refusal.ts";

/** Read the entries of a tar. A header that is larger than one has to be ends it with a Refusal before it is read. */
export function readTar(input: Readable): Extract {
  const reader = extract();
  const headers = new TarHeaders();
  let isRefused = false;
  // First of those that listen: the reader takes a header whole, which costs it seconds for the largest that it allows.
  input.on("data", (bytes: Buffer) => {
    if (isRefused) return;
    try {
      headers.push(bytes);
    } catch (error) {
      isRefused = true;
      reader.destroy(refusalOf(error));
    }
  });
  input.on("error", (error) => reader.destroy(error)).pipe(reader);
  return reader;
}

function refusalOf(error: unknown): Error | undefined {
  if (error instanceof UnfitTar) return new Refusal(error.reason === "size" ? 413 : 400, error.message);
  return error instanceof Error ? error : undefined;
}
