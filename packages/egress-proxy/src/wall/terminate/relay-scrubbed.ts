import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createScrubber, scrubText, type Secret } from "@sbx/secret-injector";
import { decoded } from "../decoded.ts";
import { endToEndHeaders, toNodeHeaders } from "../http-headers.ts";
import { reset } from "../socket.ts";
import type { PutIn } from "./host-credential.ts";

const DROP: ReadonlySet<string> = new Set(["alt-svc", "trailer"]);
const DROP_OF_CODED: ReadonlySet<string> = new Set([...DROP, "content-encoding", "content-length"]);

/** Pass an answer on with the credential taken out wherever it stands as such. Never rejects. @returns whether it stood there */
export async function relayScrubbed(reply: IncomingMessage, response: ServerResponse, put: readonly PutIn[]): Promise<boolean> {
  const secrets = put.flatMap((one) => one.secrets);
  const scrubbers = secrets.map((secret) => createScrubber(secret));
  const gone = new AbortController();
  response.once("close", () => {
    gone.abort();
  });
  try {
    const coding = reply.headers["content-encoding"] ?? "";
    const body = decoded(reply, coding);
    writeHead(reply, response, { secrets, coded: coding !== "" });
    for await (const chunk of body) await write(response, through(scrubbers, chunk, false), gone.signal);
    await write(response, through(scrubbers, Buffer.alloc(0), true), gone.signal);
    if (!reply.complete) throw new Error("the answer ended too early");
    response.end();
  } catch {
    reply.destroy();
    if (response.socket !== null) reset(response.socket);
  }
  return scrubbers.some(({ found }) => found);
}

function writeHead(reply: IncomingMessage, response: ServerResponse, { secrets, coded }: { readonly secrets: readonly Secret[]; readonly coded: boolean }): void {
  const clean = (text: string): string => secrets.reduce((left, secret) => scrubText(left, secret), text);
  const headers = endToEndHeaders(reply.rawHeaders, coded ? DROP_OF_CODED : DROP).map(({ name, value }) => ({ name: clean(name), value: clean(value) }));
  response.writeHead(reply.statusCode ?? 502, clean(reply.statusMessage ?? ""), toNodeHeaders(headers));
  response.flushHeaders();
}

function through(scrubbers: readonly ReturnType<typeof createScrubber>[], chunk: Buffer, last: boolean): Buffer {
  return scrubbers.reduce((bytes, scrubber) => (last ? Buffer.concat([scrubber.push(bytes), scrubber.end()]) : scrubber.push(bytes)), chunk);
}

async function write(response: ServerResponse, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (bytes.length > 0 && !response.write(bytes)) await once(response, "drain", { signal });
}
