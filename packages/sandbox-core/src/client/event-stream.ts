import type { IncomingMessage } from "node:http";
import { AppError } from "@sbx/contracts/app-error";
import { Event } from "@sbx/contracts/event";
import { STREAMS } from "@sbx/contracts/streams";
import type { EventQuery } from "./daemon-port.ts";
import { open, readJson } from "./socket-http.ts";
import { socketError } from "./socket-error.ts";

/** Open the stream of events. It ends when the daemon does, and when the signal fires. */
export async function openEvents(socketPath: string, { after, sandbox }: EventQuery, signal: AbortSignal): Promise<AsyncIterable<Event>> {
  const query = new URLSearchParams({ ...(after === undefined ? {} : { after: String(after) }), ...(sandbox === undefined ? {} : { sandbox }) });
  const response = await open(socketPath, { method: "GET", path: `${STREAMS.events}?${query.toString()}`, headers: { accept: "text/event-stream" }, signal });
  if (response.statusCode !== 200) throw AppError.fromJSON(await readJson(response));
  return parseEvents(response, signal);
}

async function* parseEvents(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Event> {
  let pending = "";
  response.setEncoding("utf8");
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      pending += chunk;
      const blocks = pending.split("\n\n");
      pending = blocks.pop() ?? "";
      yield* blocks.flatMap((block) => eventOf(block) ?? []);
    }
  } catch (error) {
    if (!signal.aborted) throw socketError(error);
  }
}

/** One block of server-sent events; comments and kinds of event that this version does not know are passed over. */
function eventOf(block: string): Event | undefined {
  const data = block
    .split("\n")
    .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trimStart()] : []))
    .join("\n");
  return data === "" ? undefined : Event.safeParse(JSON.parse(data), { jitless: true }).data;
}
