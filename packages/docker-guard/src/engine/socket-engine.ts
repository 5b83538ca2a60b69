import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { AppError } from "@sbx/contracts";
import * as z from "zod";
import type { EngineFacts, EngineRequest, GuardEngine } from "../ports.ts";
import { EngineRefused } from "./engine-refused.ts";

const Version = z.looseObject({ ApiVersion: z.string(), MinAPIVersion: z.string().optional(), Version: z.string(), Arch: z.string(), KernelVersion: z.string().default("") });
const Info = z.looseObject({ NCPU: z.number(), MemTotal: z.number() });
/** The newest API that the guard's own requests were written for. */
const NEWEST_API = [1, 51] as const;
/** A listing of an engine with thousands of containers is smaller. */
const MAX_ANSWER_BYTES = 64 << 20;

/**
 * Speak to an engine on a unix socket, in the newest version of its API that both know.
 *
 * Connections are not kept: one that an engine closed by restarting would fail the next request.
 *
 * @throws AppError `ENGINE_UNREACHABLE`, or `ENGINE_FAILED` when it speaks no version that the guard knows
 */
export async function connectGuardEngine(socketPath: string): Promise<GuardEngine> {
  const { body } = await call({ socketPath, prefix: "" }, { method: "GET", path: ["version"] });
  const version = Version.parse(body);
  const apiVersion = agree(version.ApiVersion, version.MinAPIVersion ?? version.ApiVersion);
  const place = { socketPath, prefix: `/v${apiVersion}` };
  const info = Info.parse((await call(place, { method: "GET", path: ["info"] })).body);
  const facts: EngineFacts = { apiVersion, version: version.Version, architecture: version.Arch, kernel: version.KernelVersion, cpus: info.NCPU, memoryBytes: info.MemTotal };
  return { facts, call: (request) => call(place, request), stream: (request) => stream(place, request), hijack: (request) => hijack(place, request) };
}

interface Place {
  readonly socketPath: string;
  readonly prefix: string;
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

function open({ socketPath, prefix }: Place, { method, path, query = {}, body, signal }: EngineRequest, upgrade: boolean): ClientRequest {
  const search = new URLSearchParams(query).toString();
  const target = `${prefix}/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
  const outgoing = httpRequest({
    socketPath,
    method,
    path: target,
    agent: false,
    headers: { host: "docker", ...(upgrade ? { connection: "Upgrade", upgrade: "tcp" } : {}) },
    ...(signal === undefined ? {} : { signal }),
  });
  if (isTar(body)) {
    outgoing.setHeader("content-type", "application/x-tar");
    body.tar.on("error", (error) => outgoing.destroy(error)).pipe(outgoing);
    return outgoing;
  }
  if (body === undefined) return outgoing.end();
  const text = Buffer.from(JSON.stringify(body));
  outgoing.setHeader("content-type", "application/json");
  outgoing.setHeader("content-length", text.length);
  return outgoing.end(text);
}

function isTar(body: EngineRequest["body"]): body is Extract<EngineRequest["body"], { readonly tar: unknown }> {
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

async function call(place: Place, request: EngineRequest): ReturnType<GuardEngine["call"]> {
  const answer = await answerOf(open(place, request, false));
  return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: await jsonOf(answer) };
}

async function stream(place: Place, request: EngineRequest): ReturnType<GuardEngine["stream"]> {
  const answer = await answerOf(open(place, request, false));
  return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: answer };
}

async function hijack(place: Place, request: EngineRequest): Promise<Duplex> {
  const outgoing = open(place, request, true);
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  outgoing.once("upgrade", (_answer, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  outgoing.once("response", (answer: IncomingMessage) => {
    jsonOf(answer).then((body) => reject(new EngineRefused(answer.statusCode ?? 0, body)), reject);
  });
  outgoing.once("error", (error) => reject(unreachable(error)));
  return promise;
}

async function jsonOf(answer: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES)
      throw new AppError("ENGINE_FAILED", { message: "The engine's answer is longer than any that is expected.", fix: "Run: sbx doctor. It says what is wrong with the engine." });
    pieces.push(piece);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    return value;
  } catch {
    return undefined;
  }
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}
