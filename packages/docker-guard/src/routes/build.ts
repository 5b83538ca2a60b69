import { Readable } from "node:stream";
import { JsonRefused, parseJson } from "@sbx/contracts";
import * as z from "zod";
import { buildImage, type BuildWish } from "../build/build-image.ts";
import { EngineRefused } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { Answer } from "../http/answer.ts";
import { parseImageName, taggedName } from "../images/image-name.ts";
import { Refusal } from "../refusal.ts";
import { DISK_PIECE_BYTES, gathered } from "../streams/gathered.ts";
import { plainTar } from "../streams/plain-tar.ts";
import { Spool } from "../streams/spool.ts";
import { relativePath, spoolTar } from "../streams/spool-tar.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag, Labels, text, whyInvalid } from "./schema/field.ts";

/** A parameter that is JSON. */
function jsonOf<T>(schema: z.ZodType<T>) {
  return z
    .string()
    .max(256 << 10)
    .transform((written, context): T => {
      const { data, success, error } = schema.safeParse(written === "" ? null : read(written));
      if (success) return data;
      context.addIssue(whyInvalid(error));
      return z.NEVER;
    });
}

function read(written: string): unknown {
  try {
    return parseJson(written);
  } catch (error) {
    if (error instanceof JsonRefused) throw new Refusal(400, `a parameter is refused: ${error.message}`);
    throw error;
  }
}

/** A parameter that clients send at a value that changes nothing. */
const nothing = (values: readonly string[], reason: string) => z.string().refine((value) => values.includes(value), { error: reason });
const LIMITS = "limits of steps are those of a container of the sandbox";
const NoLimit = nothing(["", "0", "-1"], LIMITS);
const Arguments = z
  .record(
    text(256).regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a name"),
    z
      .string()
      .max(64 << 10)
      .nullable(),
  )
  .nullable();

/** Every parameter of a build. */
const BUILD = queryOf({
  // First: a client that wants BuildKit hears of that, and not of what else comes with it.
  version: nothing(["", "1"], "BuildKit is not offered; set DOCKER_BUILDKIT=0"),
  session: nothing([""], "BuildKit's sessions are not offered; set DOCKER_BUILDKIT=0"),
  t: z.array(text(512)).max(16),
  // docker-py sends its text after its name, where it lies outside of the context; there it is in the context too.
  dockerfile: z
    .array(z.string().max(64 << 10))
    .max(2)
    .transform(([name = ""]) => name)
    .pipe(text(1024)),
  buildargs: jsonOf(Arguments),
  labels: jsonOf(Labels.nullable()),
  target: text(128),
  nocache: Flag,
  pull: text(16),
  q: Flag,
  rm: Flag,
  forcerm: Flag,
  networkmode: z.enum(["", "default", "bridge", "none"], { error: "a step has the network of a container of the sandbox, or none" }),
  platform: text(64),
  squash: nothing(["", "0", "false"], "layers stay as they are"),
  remote: nothing([""], "nothing is fetched for a build: send the files"),
  buildid: text(128),
  outputs: nothing(["", "null", "[]"], "the result is an image; docker save or docker cp give its files"),
  cachefrom: text(16_384),
  extrahosts: z.array(nothing(["", "null", "[]"], "steps find hosts by the sandbox's own names")).max(32),
  securityopt: nothing(["", "null", "[]"], "profiles of security are set by sbx"),
  isolation: nothing(["", "default"], "there is one kind of isolation"),
  ulimits: nothing(["", "null", "[]"], LIMITS),
  cgroupparent: nothing([""], "sbx chooses the control group"),
  cpuperiod: NoLimit,
  cpuquota: NoLimit,
  cpusetcpus: nothing([""], LIMITS),
  cpusetmems: nothing([""], LIMITS),
  cpushares: NoLimit,
  memory: NoLimit,
  memswap: NoLimit,
  shmsize: NoLimit,
});
type BuildQuery = z.output<typeof BUILD>;

function wishOf({ t = [], dockerfile = "", buildargs, labels, target = "", nocache = false, networkmode }: BuildQuery): BuildWish {
  const args = Object.entries(buildargs ?? {}).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const names = t.filter((name) => name !== "").map(parseImageName);
  if (names.some(({ digest }) => digest !== undefined)) throw new Refusal(400, "an image is not named by a digest");
  return {
    dockerfile: relativePath(dockerfile === "" ? "Dockerfile" : dockerfile),
    args: new Map(args),
    target,
    labels: labels ?? {},
    names: names.map(taggedName),
    cached: !nocache,
    offline: networkmode === "none",
  };
}

async function build(guard: Guard, { body, query, gone }: { readonly body: Readable; readonly query: BuildQuery; readonly gone: AbortSignal }): Promise<Answer> {
  const wish = wishOf(query);
  const held = new DisposableStack();
  const kept = new AsyncDisposableStack();
  held.use(guard.builds.take());
  try {
    const spool = kept.use(await Spool.open(guard.parts.spool, 2 * guard.images.freeBytes()));
    const files = await spoolTar(await plainTar(gathered(body, { pieceBytes: DISK_PIECE_BYTES })), spool);
    const out = new Readable({ read: () => undefined });
    const stop = new AbortController();
    const signal = AbortSignal.any([gone, stop.signal, AbortSignal.timeout(guard.parts.limits.buildMs)]);
    out.once("close", () => stop.abort());
    const push = (line: unknown) => void (out.destroyed || out.push(`${JSON.stringify(line)}\r\n`));
    const tell = query.q === true ? () => undefined : (stream: string) => push({ stream });
    const end = async () => {
      out.push(null);
      held.dispose();
      await kept.disposeAsync();
    };
    const made = (id: string) => push(query.q === true ? { stream: `${id}\n` } : { aux: { ID: id } });
    void buildImage({ guard, wish, files, spool, tell, made, signal })
      .catch((error: unknown) => {
        const message = whatFailed(guard, error, signal);
        push({ errorDetail: { message }, error: message });
      })
      .then(end);
    return { kind: "stream", type: "application/json", body: out };
  } catch (error) {
    held.dispose();
    await kept.disposeAsync();
    throw error;
  }
}

function whatFailed({ parts: { onFault, limits } }: Guard, error: unknown, signal: AbortSignal): string {
  if (error instanceof Refusal) return error.message;
  if (signal.aborted) return `the build was ended: it took longer than ${Math.round(limits.buildMs / 1000)} seconds, or its client went`;
  onFault(error);
  return error instanceof EngineRefused ? error.message : "the guard failed; the daemon's log says how";
}

/** Builds, carried out by the guard: each step is a container of the sandbox. */
export const BUILD_ROUTES: readonly GuardRoute[] = [
  route("POST build", {
    means: "makes an image by a Dockerfile; each RUN is a container like any other of the sandbox",
    query: BUILD,
    repeats: ["t", "dockerfile", "extrahosts"],
    body: "file",
    handle: ({ guard, query, source, gone }) => {
      if (source.kind !== "plain") throw new Refusal(400, "files come without an upgrade");
      return build(guard, { body: source.request, query, gone });
    },
  }),
];
