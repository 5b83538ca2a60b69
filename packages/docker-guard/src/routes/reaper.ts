import { Readable } from "node:stream";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import { empty, json, type Answer } from "../http/answer.ts";
import { reaperAnswer, ryukImageAnswer } from "../reaper/reaper-answers.ts";
import { isRyuk, type OwnedReaper } from "../reaper/owned-reapers.ts";
import { Refusal } from "../refusal.ts";
import { STREAM_TYPE } from "../streams/frames.ts";
import { fittingRoutes } from "./fitting-routes.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag, text } from "./schema/field.ts";

/** What clients wait for in the log of Ryuk, in the words of its older and its newer versions. */
function logOf({ created }: OwnedReaper): Buffer {
  const lines = Buffer.from(`${created.toISOString()} Started!\ntime=${created.toISOString()} level=INFO msg=Started address=[::]:8080\n`);
  const header = Buffer.alloc(8);
  header.writeUInt8(1, 0);
  header.writeUInt32BE(lines.length, 4);
  return Buffer.concat([header, lines]);
}

function found({ reapers }: Guard, reference: string): OwnedReaper {
  const reaper = reapers.find(reference);
  if (reaper === undefined) throw new Refusal(404, "No such container");
  return reaper;
}

async function start(guard: Guard, reference: string): Promise<Answer> {
  const { reaper, hostPort } = found(guard, reference);
  if (reaper.port !== undefined) return empty(304);
  try {
    await reaper.start();
  } catch (error) {
    guard.parts.onFault(error);
    throw new Refusal(500, `the reaper cannot listen${hostPort === 0 ? "" : `; port ${hostPort} may be taken`}`);
  }
  return empty();
}

async function end(guard: Guard, reference: string): Promise<Answer> {
  await guard.reapers.remove(found(guard, reference));
  return empty();
}

/** Nothing of what it asks for is ever asked of the engine, so nothing of it has to be refused. */
const Loose = queryOf({
  t: text(16),
  signal: text(16),
  v: Flag,
  force: Flag,
  link: text(8),
  size: Flag,
  detachKeys: text(64),
  follow: Flag,
  stdout: Flag,
  stderr: Flag,
  since: text(64),
  until: text(64),
  timestamps: Flag,
  tail: text(16),
  details: Flag,
});

/** The calls that clients make of Ryuk's container. */
const OF_CONTAINER: readonly GuardRoute[] = [
  route("GET containers/{id}/json", { means: "", query: Loose, handle: ({ guard, param }) => json(reaperAnswer(found(guard, param))) }),
  route("POST containers/{id}/start", { means: "", query: Loose, handle: ({ guard, param }) => start(guard, param) }),
  route("GET containers/{id}/logs", { means: "", query: Loose, handle: ({ guard, param }) => ({ kind: "stream", type: STREAM_TYPE.frames, body: Readable.from([logOf(found(guard, param))]) }) }),
  route("POST containers/{id}/stop", { means: "", query: Loose, handle: ({ guard, param }) => end(guard, param) }),
  route("POST containers/{id}/kill", { means: "", query: Loose, handle: ({ guard, param }) => end(guard, param) }),
  route("DELETE containers/{id}", { means: "", query: Loose, handle: ({ guard, param }) => end(guard, param) }),
];
const OF_IMAGE: readonly GuardRoute[] = [route("GET images/{name*}/json", { means: "", query: queryOf({ manifests: Flag }), handle: ({ param }) => json(ryukImageAnswer(param)) })];

/** The route of a request about Ryuk; `undefined` for all others, which are about what is really there. */
export function findReaperRoute(guard: Guard, method: string, segments: readonly string[]): { readonly route: GuardRoute; readonly params: readonly string[] } | undefined {
  const [word] = segments;
  if (word === "containers" && guard.reapers.all().length > 0) {
    const fitting = fittingRoutes(OF_CONTAINER, segments).filter(({ params }) => guard.reapers.find(params[0] ?? "") !== undefined);
    return fitting.find(({ route }) => route.method === method);
  }
  if (word !== "images") return undefined;
  return fittingRoutes(OF_IMAGE, segments).find(({ route, params }) => route.method === method && isRyuk(params[0]));
}

const Port = z.string().regex(/^(?:0|[1-9]\d{0,4})?$/);
const Wish = z.looseObject({
  Image: z.string(),
  Labels: z.record(text(256), text(4096)).nullish(),
  HostConfig: z.looseObject({ PortBindings: z.record(z.string(), z.array(z.looseObject({ HostPort: Port.nullish() })).nullable()).nullish() }).nullish(),
});

/** Note a reaper that a client wants to make a container of; `undefined` when it wants something else. */
export function createReaper({ reapers }: Guard, name: string | undefined, wish: unknown): OwnedReaper | undefined {
  const { data } = Wish.safeParse(wish);
  if (data === undefined || !isRyuk(data.Image)) return undefined;
  const [binding] = Object.values(data.HostConfig?.PortBindings ?? {}).flatMap((places) => places ?? []);
  const hostPort = Number(binding?.HostPort ?? "0");
  return reapers.create({ name, image: data.Image, labels: data.Labels ?? {}, hostPort: hostPort > 65_535 ? 0 : hostPort });
}
