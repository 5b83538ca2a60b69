import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { HeldPieces, JsonRefused, parseJsonBytes, type Json } from "@sbx/contracts";
import { Refusal } from "../refusal.ts";
import { announcedLength } from "./check-headers.ts";

/** As much as a description of a container with long variables needs, and far less than hurts. */
const MAX_JSON_BYTES = 512 << 10;

/** A body beyond this is not even read to be refused. */
const MAX_DISCARDED_BYTES = 8 << 20;
/** How long a body may be silent on a connection that Node no longer watches. */
const PIECE_MS = 10_000;

/** Where the bytes of a request's body are: Node leaves those of an upgrade on the connection. */
export type BodySource =
  | { readonly kind: "plain"; readonly request: IncomingMessage }
  | { readonly kind: "upgrade"; readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };

/** A body of JSON, read whole, with what came after it on an upgraded connection. */
export interface ReadBody {
  readonly json: Json | undefined;
  readonly rest: Buffer;
}

/**
 * Read a body whole and as one document of JSON; no body is `undefined`.
 *
 * @throws Refusal 400, 413 or 415
 */
export async function readJsonBody(source: BodySource): Promise<ReadBody> {
  const { bytes, rest } = source.kind === "plain" ? { bytes: await readPlain(source.request), rest: Buffer.alloc(0) } : await readUpgraded(source);
  if (bytes.length === 0) return { json: undefined, rest };
  const type = source.request.headers["content-type"] ?? "";
  if (!/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type)) throw new Refusal(415, "a body is JSON, and its content type says so: application/json");
  try {
    return { json: parseJsonBytes(bytes), rest };
  } catch (error) {
    if (error instanceof JsonRefused) throw new Refusal(400, `the body is refused: ${error.message}`);
    throw error;
  }
}

/** What is too long is read to its end and thrown away: who still sends when the connection closes never sees the answer. */
async function readPlain(request: IncomingMessage): Promise<Buffer> {
  const announced = announcedLength(request);
  if (announced === 0) return Buffer.alloc(0);
  if ((announced ?? 0) > MAX_DISCARDED_BYTES) throw tooLong();
  const held = new HeldPieces();
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_DISCARDED_BYTES) throw tooLong();
    if (length <= MAX_JSON_BYTES) held.push(piece);
  }
  if (length > MAX_JSON_BYTES) throw tooLong();
  return held.take();
}

/** Take exactly the announced bytes; the first one after them belongs to the stream. */
async function readUpgraded({ request, socket, head }: Extract<BodySource, { kind: "upgrade" }>): Promise<{ readonly bytes: Buffer; readonly rest: Buffer }> {
  const length = announcedLength(request);
  if (length === undefined) throw new Refusal(411, "a request that upgrades says how long its body is");
  if (length > MAX_JSON_BYTES) throw tooLong();
  const held = new HeldPieces();
  held.push(head);
  while (held.length < length) held.push(await nextPiece(socket));
  const have = held.take();
  return { bytes: have.subarray(0, length), rest: have.subarray(length) };
}

async function nextPiece(socket: Duplex): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const end = () => reject(new Refusal(400, "the body ends before its announced length"));
  const timer = setTimeout(() => reject(new Refusal(408, "the body does not arrive")), PIECE_MS);
  socket.once("data", resolve).once("end", end).once("close", end);
  socket.resume();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.pause();
    socket.off("data", resolve).off("end", end).off("close", end);
  }
}

function tooLong(): Refusal {
  return new Refusal(413, `a body has at most ${MAX_JSON_BYTES >> 10} KiB here`);
}
