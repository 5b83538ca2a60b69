import type { IncomingMessage } from "node:http";
import { AppError, HeldPieces } from "@sbx/contracts";

/** Longest body of a call, in bytes. */
const MAX_BODY_BYTES = 4 << 20;

/**
 * Read a request's body as JSON; `undefined` when it is empty. After a failure the rest of the body is still to come.
 *
 * @throws AppError `CONFIG_INVALID` for what is too long or no JSON, `INTERRUPTED` when the caller went away
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readText(request);
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", { message: "The body of the request is no JSON document", fix: "Send one JSON object.", cause });
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const held = new HeldPieces();
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      held.push(chunk);
      if (held.length > MAX_BODY_BYTES) throw new AppError("CONFIG_INVALID", { message: `The body is longer than ${MAX_BODY_BYTES} bytes`, fix: "Send less at once." });
    }
  } catch (cause) {
    if (AppError.is(cause)) throw cause;
    throw new AppError("INTERRUPTED", { message: "The caller went away in the middle of a request", fix: "Call again.", cause });
  }
  return held.take().toString("utf8");
}
