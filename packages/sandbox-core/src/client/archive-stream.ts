import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@sbx/contracts/app-error";
import { fillPath } from "@sbx/contracts/route";
import { ARCHIVE_END, ArchiveEnd } from "@sbx/contracts/sandbox-path";
import { STREAMS } from "@sbx/contracts/streams";
import { socketError } from "./socket-error.ts";
import { open, readJson, request } from "./socket-http.ts";

/** A place in a sandbox; with `follow`, what a link there leads to. */
export interface ArchivePlace {
  readonly sandbox: string;
  readonly path: string;
  readonly follow?: boolean;
}

/** The files of sandboxes as tar streams. */
export interface ArchivePort {
  /** A place as a tar. The stream breaks off with an AppError where it is not whole; `end` tells how the sandbox's side ended. */
  readonly read: (place: ArchivePlace, signal: AbortSignal) => Promise<{ readonly tar: Readable; readonly end: () => ArchiveEnd }>;
  /** Unpack a tar into a directory that is there. */
  readonly write: (place: ArchivePlace, tar: Readable, signal: AbortSignal) => Promise<ArchiveEnd>;
}

/** Copy files over the daemon's socket. */
export function createArchivePort(socketPath: string): ArchivePort {
  return {
    async read(place, signal) {
      const response = await open(socketPath, { method: "GET", path: targetOf(place), signal });
      if (response.statusCode !== 200) throw AppError.fromJSON(await readJson(response));
      return { tar: Readable.from(whole(response, signal)), end: () => endOf(response) ?? {} };
    },
    async write(place, tar, signal) {
      const outgoing = request(socketPath, { method: "PUT", path: targetOf(place), headers: { "content-type": "application/x-tar" }, signal });
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once("response", resolve).once("error", reject);
      });
      const sent = pipeline(tar, outgoing, { signal });
      // An answer that comes early is why the rest is not wanted.
      sent.catch(() => undefined);
      const response = await Promise.race([answered, sent.then(() => answered)]).catch(async (error: unknown) => {
        signal.throwIfAborted();
        // A stream of another kind than Node's own has no word of whether it failed.
        if (tar.errored instanceof Error) throw tar.errored;
        throw socketError(error instanceof Error ? error : new Error(String(error)));
      });
      const reply = await readJson(response);
      tar.destroy();
      if (response.statusCode !== 200) throw AppError.fromJSON(reply);
      return ArchiveEnd.parse(reply);
    },
  };
}

function targetOf({ sandbox, path, follow }: ArchivePlace): string {
  const query = new URLSearchParams({ path, ...(follow === true ? { follow: "true" } : {}) });
  return `${fillPath(STREAMS.archive, { sandbox }).path}?${query.toString()}`;
}

/** The bytes, and an error at their end where the sandbox did not say that they are all. */
async function* whole(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* response as AsyncIterable<Buffer>;
  } catch (error) {
    signal.throwIfAborted();
    throw socketError(error instanceof Error ? error : new Error(String(error)));
  }
  const end = endOf(response);
  if (end === undefined) throw new AppError("INTERRUPTED", { message: "The stream of files broke off", fix: "Copy again." });
  if (end.problem !== undefined) throw AppError.fromJSON(end.problem);
}

function endOf({ trailers }: IncomingMessage): ArchiveEnd | undefined {
  const text = trailers[ARCHIVE_END];
  return text === undefined ? undefined : ArchiveEnd.parse(JSON.parse(Buffer.from(text, "base64").toString("utf8")));
}
