import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { AppError } from "@sbx/contracts";
import * as z from "zod";
import type { EngineFacts, EngineReply, EngineRequest, GuardEngine, TarBody } from "../ports.ts";
import { sendSpent } from "../streams/send-spent.ts";
import { createEngineQuestions, MAX_ANSWER_BYTES, tooLong, type EngineAnswer, type EngineQuestions } from "./engine-questions.ts";
import { EngineRefused } from "./engine-refused.ts";

const Version = z.looseObject({ ApiVersion: z.string(), MinAPIVersion: z.string().optional(), Version: z.string(), Arch: z.string(), KernelVersion: z.string().default("") });
const Info = z.looseObject({ NCPU: z.number(), MemTotal: z.number(), DockerRootDir: z.string().startsWith("/").optional().catch(undefined) });
/** The newest API that the guard's own requests were written for. */
const NEWEST_API = [1, 51] as const;

/**
 * Speak to an engine on a unix socket, in the newest version of its API that both know.
 *
 * Connections are kept for a moment, and for questions alone: one that the engine closed by restarting fails the next request,
 * and only a question may be asked a second time.
 *
 * @throws AppError `ENGINE_UNREACHABLE`, or `ENGINE_FAILED` when it speaks no version that the guard knows
 */
export async function connectGuardEngine(socketPath: string): Promise<GuardEngine> {
  const questions = createEngineQuestions(socketPath);
  const { body } = await call({ socketPath, prefix: "", questions }, { method: "GET", path: ["version"] });
  const version = Version.parse(body);
  const apiVersion = agree(version.ApiVersion, version.MinAPIVersion ?? version.ApiVersion);
  const place = { socketPath, prefix: `/v${apiVersion}`, questions };
  const info = Info.parse((await call(place, { method: "GET", path: ["info"] })).body);
  const facts: EngineFacts = {
    apiVersion,
    version: version.Version,
    architecture: version.Arch,
    kernel: version.KernelVersion,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    ...(info.DockerRootDir === undefined ? {} : { dataRoot: info.DockerRootDir }),
  };
  return { facts, call: (request) => call(place, request), stream: (request) => stream(place, request), hijack: (request) => hijack(place, request) };
}

interface Place {
  readonly socketPath: string;
  readonly prefix: string;
  readonly questions: EngineQuestions;
}

function agree(newest: string, oldest: string): string {
  const [major, minor] = NEWEST_API;
  const engines = numbers(newest);
  const agreed = engines.major === major && engines.minor < minor ? newest : `${major}.${minor}`;
  if (numbers(oldest).major === numbers(agreed).major && numbers(oldest).minor <= numbers(agreed).minor) return agreed;
  throw new AppError("ENGINE_FAILED", { message: `The engine speaks API ${oldest} to ${newest}, sbx up to ${major}.${minor}.`, fix: "Install a version of sbx that knows this engine." });
}

function numbers(version: string): { readonly major: number; readonly minor: number } {
  const [major = Number.NaN, minor = Number.NaN] = version.split(".").map(Number);
  return { major, minor };
}

/** Path and query of a request. */
function targetOf({ prefix }: Pick<Place, "prefix">, { path, query }: EngineRequest): string {
  const search = query === undefined ? "" : new URLSearchParams(query).toString();
  return `${prefix}/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}

function open(place: Place, request: EngineRequest, { upgrade = false }: { readonly upgrade?: boolean } = {}): ClientRequest {
  const { method, body, signal } = request;
  const outgoing = httpRequest({
    socketPath: place.socketPath,
    method,
    path: targetOf(place, request),
    agent: false,
    headers: { host: "docker", ...(upgrade ? { connection: "Upgrade", upgrade: "tcp" } : {}) },
    ...(signal === undefined ? {} : { signal }),
  });
  if (isTar(body)) {
    outgoing.setHeader("content-type", "application/x-tar");
    void sendTar(body, outgoing);
    return outgoing;
  }
  if (body === undefined) return outgoing.end();
  const text = Buffer.from(JSON.stringify(body));
  outgoing.setHeader("content-type", "application/json");
  outgoing.setHeader("content-length", text.length);
  return outgoing.end(text);
}

/** Who waits for the answer sees what goes wrong; a tar that the engine did not want to its end is left as it is. */
async function sendTar({ tar }: TarBody, outgoing: ClientRequest): Promise<void> {
  try {
    await sendSpent(tar.iterator({ destroyOnReturn: false }), outgoing);
    outgoing.end();
  } catch (error) {
    outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function isTar(body: EngineRequest["body"]): body is TarBody {
  return typeof body === "object" && body !== null && "tar" in body && typeof body.tar === "object" && body.tar !== null && "pipe" in body.tar;
}

async function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  try {
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    // An answer that breaks off has its listeners later, or nobody who wants it.
    answer.on("error", () => undefined);
    return answer;
  } catch (error) {
    throw unreachable(error);
  }
}

function unreachable(error: unknown): unknown {
  if (error instanceof Error && error.name === "AbortError") return error;
  return new AppError("ENGINE_UNREACHABLE", { message: "The container engine did not answer.", fix: "See whether it runs (docker info), start it, and try again.", cause: error });
}

async function call(place: Place, request: EngineRequest): Promise<EngineReply> {
  if (request.method === "GET") return await ask(place, request);
  const answer = await answerOf(open(place, request));
  return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: jsonOf(await bytesOf(answer)) };
}

/** Ask on a connection that is there, and once more on one of its own where that one is not any more. */
async function ask(place: Place, request: EngineRequest): Promise<EngineReply> {
  try {
    return readLater(await place.questions.ask(targetOf(place, request), request.signal));
  } catch (error) {
    if (request.signal?.aborted === true || AppError.is(error)) throw error;
    const answer = await answerOf(open(place, request));
    return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: jsonOf(await bytesOf(answer)) };
  }
}

/** Who sees that nothing has changed need not read it. */
function readLater({ status, headers, bytes }: EngineAnswer): EngineReply {
  let read: { readonly body: unknown } | undefined;
  return {
    status,
    headers,
    bytes,
    get body() {
      return (read ??= { body: jsonOf(bytes) }).body;
    },
  };
}

async function stream(place: Place, request: EngineRequest): ReturnType<GuardEngine["stream"]> {
  const answer = await answerOf(open(place, request));
  return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: answer };
}

async function hijack(place: Place, request: EngineRequest): Promise<Duplex> {
  const outgoing = open(place, request, { upgrade: true });
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  outgoing.once("upgrade", (_answer, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  outgoing.once("response", (answer: IncomingMessage) => {
    bytesOf(answer).then((bytes) => reject(new EngineRefused(answer.statusCode ?? 0, jsonOf(bytes))), reject);
  });
  outgoing.once("error", (error) => reject(unreachable(error)));
  return promise;
}

/** An answer whole. Listeners cost a small one less than a loop over its pieces. */
function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const pieces: Buffer[] = [];
  let length = 0;
  answer.on("data", (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) answer.destroy(tooLong());
  });
  answer.once("end", () => resolve(Buffer.concat(pieces, length))).once("error", reject);
  answer.once("close", () => {
    if (!answer.readableEnded) reject(new Error("the engine's answer ended too early"));
  });
  return promise;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return value;
  } catch {
    return undefined;
  }
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}
