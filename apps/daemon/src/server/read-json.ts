import type { IncomingMessage } from "node:http";
import { AppError } from "@sbx/contracts";

/** Longest body of a call, in bytes. */
const MAX_BODY_BYTES = 4 << 20;

/** Read a request's body as JSON; `undefined` when it is empty. @throws AppError `CONFIG_INVALID` */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new AppError("CONFIG_INVALID", { message: `The body is longer than ${MAX_BODY_BYTES} bytes`, fix: "Send less at once." });
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", { message: "The body of the request is no JSON document", fix: "Send one JSON object.", cause });
  }
}
