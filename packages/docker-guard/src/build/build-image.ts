import { setImmediate as othersTurn } from "node:timers/promises";
import type { Instruction } from "@sbx/core";
import { parseImageName } from "../images/image-name.ts";
import type { Guard } from "../guard.ts";
import { emptyBase, imageBase, type ImageBase } from "../images/image-base.ts";
import { architectureOf } from "../images/import-image.ts";
import { bringImage } from "../images/pull-image.ts";
import { writeImage } from "../images/write-image.ts";
import { findImage, imageFacts } from "../life/resolve-image.ts";
import { printable, Refusal } from "../refusal.ts";
import type { Spool } from "../streams/spool.ts";
import type { SpooledEntry } from "../streams/spool-tar.ts";
import { findInContext, findInImage, type CopySource } from "./copy-files.ts";
import { readIgnores } from "./ignore-patterns.ts";
import { readBuild, readTriggers, type BuildPlan, type Stage } from "./read-build.ts";
import { StageBuild, type BuildContext } from "./stage-build.ts";

/** What a client asks of a build, beside its files. */
export interface BuildWish {
  readonly dockerfile: string;
  readonly args: ReadonlyMap<string, string>;
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
  /** "repository:tag". */
  readonly names: readonly string[];
  readonly cached: boolean;
  readonly offline: boolean;
}

export interface Building {
  readonly guard: Guard;
  readonly wish: BuildWish;
  readonly files: ReadonlyMap<string, SpooledEntry>;
  readonly spool: Spool;
  /** Text for the client, as the engine's builder writes it. */
  readonly tell: (text: string) => void;
  /** Called with the image's id before its names are told. */
  readonly made: (id: string) => void;
  readonly signal: AbortSignal;
}

/** So long a build works at one thing before others have their turn. */
const TURN_MS = 10;
const MAX_DOCKERFILE_BYTES = 1 << 20;

/** Carry out a Dockerfile. @returns the id of the image, which is the sandbox's by then. @throws Refusal */
export async function buildImage(building: Building): Promise<string> {
  const { guard, wish, signal, tell } = building;
  const platform = platformOf(guard);
  const plan = readBuild(await textOf(building, wish.dockerfile), { args: wish.args, target: wish.target, platform });
  const built: { readonly stage: Stage; readonly done: StageBuild }[] = [];
  const context = contextOf(building, { plan, built, platform });
  let step = plan.steps - plan.stages.reduce((sum, { instructions }) => sum + 1 + instructions.length, 0);
  for (const stage of plan.stages) {
    step += 1;
    tell(`Step ${step}/${plan.steps} : FROM ${stage.from.rest}\n`);
    const { base, triggers } = await baseOf(building, stage, built);
    const done = new StageBuild(context, base);
    for (const trigger of triggers) await done.take(trigger);
    for (const instruction of stage.instructions) {
      signal.throwIfAborted();
      step += 1;
      tell(`Step ${step}/${plan.steps} : ${[instruction.name, ...instruction.flags, instruction.rest].join(" ")}\n`);
      await done.take(instruction);
    }
    await done.finish();
    built.push({ stage, done });
  }
  const unused = [...wish.args.keys()].filter((name) => !context.used.has(name) && !plan.globals.has(name) && !/_proxy$/i.test(name));
  if (unused.length > 0) tell(`[Warning] One or more build-args [${unused.map(printable).join(" ")}] were not consumed\n`);
  const last = built.at(-1);
  if (last === undefined) throw new Error("a Dockerfile without a stage");
  return keepResult(building, last.done);
}

async function keepResult({ guard, wish, tell, made }: Building, done: StageBuild): Promise<string> {
  const { base } = done;
  using _count = guard.images.quota.take();
  const config = { ...base.config, Labels: { ...base.config.Labels, ...wish.labels } };
  const layers = base.layers.map((diffId) => ({ diffId }));
  const written = await writeImage(guard, { ...base, config, author: done.author, created: guard.parts.now().toISOString(), layers });
  const image = await guard.images.keep({ ...written, layers: base.ours });
  made(image.id);
  tell(`Successfully built ${image.id.slice("sha256:".length, "sha256:".length + 12)}\n`);
  for (const name of wish.names) {
    await guard.images.name(image, name);
    guard.events.tell({ type: "image", action: "tag", id: image.id, attributes: { name } });
    tell(`Successfully tagged ${name}\n`);
  }
  return image.id;
}

function contextOf(
  building: Building,
  { plan, built, platform }: { readonly plan: BuildPlan; readonly built: readonly { readonly stage: Stage; readonly done: StageBuild }[]; readonly platform: ReadonlyMap<string, string> },
): BuildContext {
  const { guard, wish, spool, tell, signal } = building;
  let seen: Promise<ReadonlyMap<string, SpooledEntry>> | undefined;
  const source: CopySource = {
    spool,
    async find({ sources, from, unpacks }) {
      if (from === undefined) return findInContext(await (seen ??= visibleFiles(building)), spool, { sources, unpacks });
      const stage = stageOf(built, from);
      return findInImage(guard, stage === undefined ? await imageFacts(guard, await imageOf(building, from)) : await stage.image(), { spool, sources });
    },
  };
  return { guard, args: wish.args, globals: new Map([...platform, ...plan.globals]), cached: wish.cached, offline: wish.offline, source, tell, signal, used: new Set() };
}

function stageOf(built: readonly { readonly stage: Stage; readonly done: StageBuild }[], name: string): StageBuild | undefined {
  return built.find(({ stage }, at) => stage.name === name.toLowerCase() || String(at) === name)?.done;
}

async function baseOf(
  building: Building,
  { base }: Stage,
  built: readonly { readonly stage: Stage; readonly done: StageBuild }[],
): Promise<{ readonly base: ImageBase; readonly triggers: readonly Instruction[] }> {
  const { guard } = building;
  if (base === "scratch") return { base: emptyBase({ architecture: architectureOf(guard) }), triggers: [] };
  const earlier = built.findLast(({ stage }) => stage.name === base.toLowerCase());
  if (earlier !== undefined) return { base: earlier.done.base, triggers: [] };
  const image = await imageOf(building, base);
  const { Config } = await imageFacts(guard, image);
  building.tell(` ---> ${image.id.slice("sha256:".length, "sha256:".length + 12)}\n`);
  return { base: await imageBase(guard, image), triggers: readTriggers(Config?.OnBuild ?? []) };
}

/** An image of the sandbox, brought where a rule allows it. */
async function imageOf({ guard, tell, signal }: Building, reference: string): Promise<{ readonly id: string }> {
  try {
    return await findImage(guard, reference);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    return bringImage(guard, parseImageName(reference), { progress: ({ status, id }) => tell(`${id === undefined ? "" : `${id}: `}${status}\n`), signal });
  }
}

async function textOf({ files, spool }: Building, path: string): Promise<string> {
  const entry = files.get(path);
  if (entry?.kind !== "file") throw new Refusal(400, `Cannot locate specified Dockerfile: ${printable(path)}`);
  if (entry.piece.size > MAX_DOCKERFILE_BYTES) throw new Refusal(413, "a Dockerfile has at most 1 MiB here");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await spool.bytes(entry.piece));
  } catch (error) {
    if (error instanceof TypeError) throw new Refusal(400, `${printable(path)} is not UTF-8`);
    throw error;
  }
}

async function visibleFiles(building: Building): Promise<ReadonlyMap<string, SpooledEntry>> {
  const { files, wish } = building;
  const own = [`${wish.dockerfile}.dockerignore`, ".dockerignore"].find((path) => files.get(path)?.kind === "file");
  if (own === undefined) return files;
  const ignores = readIgnores(await textOf(building, own));
  const visible = new Map<string, SpooledEntry>();
  let since = performance.now();
  for (const [path, entry] of files) {
    if (!ignores(path)) visible.set(path, entry);
    if (performance.now() - since < TURN_MS) continue;
    await othersTurn();
    building.signal.throwIfAborted();
    since = performance.now();
  }
  return visible;
}

/** What BuildKit says of systems, under its names. */
function platformOf(guard: Guard): ReadonlyMap<string, string> {
  const arch = architectureOf(guard);
  return new Map(
    ["TARGET", "BUILD"].flatMap((kind) => [[`${kind}PLATFORM`, `linux/${arch}`] as const, [`${kind}OS`, "linux"] as const, [`${kind}ARCH`, arch] as const, [`${kind}VARIANT`, ""] as const]),
  );
}
