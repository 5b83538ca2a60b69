import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError, ARCHIVE_END, OfPath, type ArchiveEnd } from "@sbx/contracts";
import type { FilesInside, LiveSandbox, Transfer } from "@sbx/core";
import * as z from "zod";

/** Most that is kept of what a sandbox's tar says. */
const SAID_BYTES = 8 << 10;

export interface ArchiveParts {
  readonly files: Pick<FilesInside, "read" | "write">;
  /** Do something with a sandbox that runs; it is started, and not stopped for idleness meanwhile. */
  readonly within: <T>(sandbox: string, signal: AbortSignal, work: (live: LiveSandbox) => Promise<T>) => Promise<T>;
}

/** One request for the files of a sandbox. */
export interface ArchiveRequest {
  readonly sandbox: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** How long a body is still read after its answer, in milliseconds. */
const LINGER_MS = 2000;

/** Answers requests of `STREAMS.archive`. */
export type ServeArchive = (asked: ArchiveRequest) => Promise<void>;

/** Files of sandboxes as tar streams, no faster than the slower side. A caller that goes away ends the work inside. */
export function createArchiveServer({ files, within }: ArchiveParts): ServeArchive {
  return async (asked) => {
    const { response } = asked;
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort(new AppError("INTERRUPTED", { message: "The caller went away in the middle of a copy", fix: "Copy again." }));
    });
    try {
      const place = placeOf(asked);
      await within(asked.sandbox, gone.signal, async (live) => {
        if (asked.request.method === "GET") await send(await files.read(live, place), response, gone.signal);
        else await receive(await files.write(live, place), asked, gone.signal);
      });
    } catch (error) {
      if (!AppError.is(error)) throw error;
      refuse(asked, error);
    }
  };
}

function placeOf({ sandbox, request }: ArchiveRequest): z.output<typeof OfPath> {
  if (request.method !== "GET" && request.method !== "PUT") throw new AppError("ROUTE_UNKNOWN", { message: `Files are not asked for with ${request.method ?? "no method"}`, fix: "Use GET or PUT." });
  const query = new URL(request.url ?? "/", "http://daemon").searchParams;
  const parsed = OfPath.safeParse({ ...Object.fromEntries(query), sandbox });
  if (!parsed.success) throw new AppError("CONFIG_INVALID", { message: z.prettifyError(parsed.error), fix: "Name one path with ?path=." });
  return parsed.data;
}

async function send(transfer: Transfer, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const said = gather(transfer.process.stderr);
  try {
    response.writeHead(200, { "content-type": "application/x-tar", trailer: ARCHIVE_END, connection: "close" });
    response.flushHeaders();
    await pipeline(transfer.process.stdout, response, { end: false, signal });
    response.addTrailers({ [ARCHIVE_END]: encoded(await transfer.end(said)) });
    response.end();
  } catch (error) {
    await transfer.giveUp();
    // Without its trailer the stream is not whole, and the caller sees that.
    response.destroy();
    if (!signal.aborted) throw error;
  }
}

async function receive(transfer: Transfer, { request, response }: ArchiveRequest, signal: AbortSignal): Promise<void> {
  const said = gather(transfer.process.stderr);
  transfer.process.stdout.resume();
  const { stdin } = transfer.process;
  stdin.on("error", () => undefined);
  const fed = feed(request, transfer.process);
  try {
    await Promise.race([fed, transfer.process.exit]);
    if (signal.aborted) throw signal.reason;
    const end = await transfer.end(said);
    if (end.problem !== undefined) throw AppError.fromJSON(end.problem);
    answer({ request, response }, 200, end);
  } catch (error) {
    await transfer.giveUp();
    throw error;
  }
}

/** Pass the body on until it ends or the program does. Bytes that nobody takes any more are dropped. */
async function feed(request: IncomingMessage, { stdin, exit }: Transfer["process"]): Promise<void> {
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  exit.then(end, end);
  try {
    await pipeline(Readable.from(request.iterator({ destroyOnReturn: false })), stdin, { signal: over.signal });
  } catch (error) {
    if (!over.signal.aborted) throw new AppError("INTERRUPTED", { message: "The tar stream broke off", fix: "Copy again.", cause: error });
  }
}

/** What a stream says, cut at {@link SAID_BYTES}. */
function gather(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    if (text.length < SAID_BYTES) text += chunk.toString("utf8");
  });
  return () => text.slice(0, SAID_BYTES);
}

function refuse({ request, response }: Pick<ArchiveRequest, "request" | "response">, problem: AppError): void {
  if (response.headersSent) response.destroy();
  else answer({ request, response }, problem.status, problem.toJSON());
}

/** The rest of a body is read and dropped before the connection ends, for a while, so that the caller comes to read the answer. */
function answer({ request, response }: Pick<ArchiveRequest, "request" | "response">, status: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body), "utf8");
  response.writeHead(status, { "content-type": "application/json", "content-length": text.length, connection: "close" });
  response.write(text);
  const timer = setTimeout(() => {
    response.end();
  }, LINGER_MS);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  if (request.readableEnded || request.destroyed) end();
  else request.once("end", end).once("close", end).resume();
}

function encoded(end: ArchiveEnd): string {
  return Buffer.from(JSON.stringify(end)).toString("base64");
}
