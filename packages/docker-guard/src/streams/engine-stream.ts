import type { Readable } from "node:stream";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { EngineRequest } from "../ports.ts";

/** Ask the engine for a stream; it counts as open until it ends. @throws Refusal when there is none, or too many are open */
export async function engineStream(guard: Guard, request: EngineRequest, failed: string): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly body: Readable }> {
  const place = guard.streams.take();
  try {
    const { status, headers, body } = await guard.parts.engine.stream(request);
    if (status !== 200) throw refusalOf({ status, body: await firstJson(body) }, failed);
    body.once("close", () => place[Symbol.dispose]());
    return { headers, body };
  } catch (error) {
    place[Symbol.dispose]();
    throw error;
  }
}

async function firstJson(body: Readable): Promise<unknown> {
  let text = "";
  for await (const piece of body as AsyncIterable<Buffer>) text = `${text}${piece.toString("utf8")}`.slice(0, 65_536);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
