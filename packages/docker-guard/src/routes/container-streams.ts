import { Readable, pipeline } from "node:stream";
import * as z from "zod";
import { EngineRefused, refusalOf } from "../engine/engine-refused.ts";
import { StatsFacts, WaitAnswer } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import type { Answer } from "../http/answer.ts";
import { knows } from "../http/check-version.ts";
import type { EngineRequest } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import { engineStream } from "../streams/engine-stream.ts";
import { Frames, STREAM_TYPE } from "../streams/frames.ts";
import { linesOf } from "../streams/lines.ts";
import { splice } from "../streams/splice.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag } from "./schema/field.ts";

const Time = z.string().regex(/^(?:\d{1,12}(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT[\d:.]{5,18}(?:Z|[+-]\d\d:\d\d)?)?$/, "seconds, or a time");
const flag = (value: boolean | undefined) => (value === true ? "1" : "0");

/** What a process without a terminal says comes in frames; with one it comes as it is. */
function typeOf(tty: boolean, version: string | undefined): string {
  return tty || !knows(version, "1.42") ? STREAM_TYPE.raw : STREAM_TYPE.frames;
}

/** Join a client with a process of the engine's in both directions. */
export async function hijacked(
  guard: Guard,
  request: EngineRequest,
  { container, tty, version, failed }: { readonly container: string; readonly tty: boolean; readonly version: string | undefined; readonly failed: string },
): Promise<Answer> {
  const place = guard.streams.take();
  try {
    const engine = await guard.parts.engine.hijack(request);
    const forget = guard.attached.add(container, engine);
    const free = () => {
      forget();
      place[Symbol.dispose]();
    };
    engine.once("close", free);
    const output = tty ? engine : framed(engine);
    return { kind: "hijack", type: typeOf(tty, version), output, connect: (client, rest) => splice({ client, engine, output, rest, closed: free }) };
  } catch (error) {
    place[Symbol.dispose]();
    throw error instanceof EngineRefused ? refusalOf(error, failed) : error;
  }
}

/** Check the frames of what comes. */
function framed(source: Readable): Readable {
  const frames = new Frames();
  // Faults end the stream; who reads it sees it end too early.
  pipeline(source, frames, () => undefined);
  return frames;
}

async function statsAnswer(guard: Guard, reference: string, stream: boolean): Promise<Answer> {
  const { id, name } = guard.containers.find(reference);
  const { body } = await engineStream(guard, { method: "GET", path: ["containers", id, "stats"], query: { stream: flag(stream), "one-shot": "0" } }, "there are no numbers of the container");
  async function* samples(): AsyncGenerator<string> {
    try {
      for await (const line of linesOf(body)) {
        const { read, preread, pids_stats, cpu_stats, precpu_stats, memory_stats } = StatsFacts.parse(JSON.parse(line));
        yield `${JSON.stringify({ read, preread, pids_stats, cpu_stats, precpu_stats, memory_stats, blkio_stats: {}, num_procs: 0, storage_stats: {}, networks: {}, name: `/${name}`, id })}\n`;
      }
    } finally {
      body.destroy();
    }
  }
  return { kind: "stream", type: "application/json", body: Readable.from(samples()) };
}

async function waitAnswer(guard: Guard, reference: string, { condition = "not-running", gone }: { readonly condition: string | undefined; readonly gone: AbortSignal }): Promise<Answer> {
  const { id } = guard.containers.find(reference);
  // The head comes at once: a client starts the container only when it knows that its wait is heard.
  const { body } = await engineStream(
    guard,
    { method: "POST", path: ["containers", id, "wait"], query: { condition: condition === "" ? "not-running" : condition }, signal: gone },
    `No such container: ${id}`,
  );
  async function* end(): AsyncGenerator<string> {
    let text = "";
    for await (const piece of body as AsyncIterable<Buffer>) text += piece.toString("utf8");
    const { StatusCode, Error: failure } = WaitAnswer.parse(JSON.parse(text));
    // Its place and its name are free when a client hears of it.
    if (condition === "removed" && (failure === undefined || failure === null)) void guard.destroyed(id);
    yield `${JSON.stringify({ StatusCode })}\n`;
  }
  return { kind: "stream", type: "application/json", body: Readable.from(end()) };
}

/** Streams of containers. */
export const CONTAINER_STREAM_ROUTES: readonly GuardRoute[] = [
  route("POST containers/{id}/attach", {
    means: "joins its input and output",
    upgrades: true,
    query: queryOf({ stream: Flag, stdin: Flag, stdout: Flag, stderr: Flag, logs: Flag, hijack: Flag, detachKeys: z.string().regex(/^[A-Za-z0-9,@^[\]\\_-]{0,64}$/, "keys, as ctrl-p,ctrl-q") }),
    handle: async ({ guard, param, query: { stream, stdin, stdout, stderr, logs, detachKeys }, version, source }) => {
      const { id, asked } = guard.containers.find(param);
      if (stdin === true && source.kind === "plain") throw new Refusal(400, "input needs an upgrade of the connection: Connection: Upgrade, Upgrade: tcp");
      const query = {
        stream: flag(stream),
        stdin: flag(stdin),
        stdout: flag(stdout),
        stderr: flag(stderr),
        logs: flag(logs),
        ...(detachKeys === undefined || detachKeys === "" ? {} : { detachKeys }),
      };
      return hijacked(guard, { method: "POST", path: ["containers", id, "attach"], query }, { container: id, tty: asked.Tty === true, version, failed: "the container's streams could not be joined" });
    },
  }),
  route("GET containers/{id}/logs", {
    means: "what it wrote",
    query: queryOf({
      follow: Flag,
      stdout: Flag,
      stderr: Flag,
      since: Time,
      until: Time,
      timestamps: Flag,
      details: Flag,
      tail: z.string().regex(/^(?:all|\d{1,9}|-1|)$/, "a number of lines, or all"),
    }),
    handle: async ({ guard, param, query: { follow, stdout, stderr, since, until, timestamps, tail }, version, gone }) => {
      const { id, asked } = guard.containers.find(param);
      if (stdout !== true && stderr !== true) throw new Refusal(400, "Bad parameters: you must choose at least one stream");
      const more = Object.fromEntries(Object.entries({ since, until, tail }).flatMap(([key, value]) => (value === undefined || value === "" ? [] : [[key, value]])));
      const query = { ...more, follow: flag(follow), stdout: flag(stdout), stderr: flag(stderr), timestamps: flag(timestamps) };
      const { body } = await engineStream(guard, { method: "GET", path: ["containers", id, "logs"], query, signal: gone }, "the log could not be read");
      return { kind: "stream", type: typeOf(asked.Tty === true, version), body: asked.Tty === true ? body : framed(body) };
    },
  }),
  route("POST containers/{id}/wait", {
    means: "answers when it ends",
    query: queryOf({ condition: z.enum(["", "not-running", "next-exit", "removed"]) }),
    handle: ({ guard, param, query: { condition }, gone }) => waitAnswer(guard, param, { condition, gone }),
  }),
  route("GET containers/{id}/stats", {
    means: "what it uses of processor and memory",
    query: queryOf({ stream: Flag, "one-shot": Flag }),
    handle: ({ guard, param, query: { stream = true } }) => statsAnswer(guard, param, stream),
  }),
];
