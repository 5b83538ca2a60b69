import { Readable } from "node:stream";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import { json, type Answer } from "../http/answer.ts";
import { commitContainer } from "../images/commit-container.ts";
import { importImage } from "../images/import-image.ts";
import { parseImageName, taggedName } from "../images/image-name.ts";
import { loadImages } from "../images/load-images.ts";
import { pullImage } from "../images/pull-image.ts";
import { pushImage } from "../images/push-image.ts";
import { removeImage, removeWhole, type Removed } from "../images/remove-image.ts";
import { saveImages } from "../images/save-images.ts";
import { allImages, findImage, imageFacts } from "../life/resolve-image.ts";
import { visibleLabels } from "../answers/image-answers.ts";
import { isRyuk } from "../reaper/owned-reapers.ts";
import { Refusal } from "../refusal.ts";
import { DISK_PIECE_BYTES, gathered } from "../streams/gathered.ts";
import { filterParameter, labelsFit, type Filters } from "./filter.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag, text } from "./schema/field.ts";
import { CommitBody } from "./schema/image-commit.ts";

/** One system as clients name it; images of others are not run here. */
const Platform = text(64);
const Changes = z.array(z.string().max(4096)).max(64);

/** The name that a client gives in two parts; `undefined` when it gives none. */
function nameOf(repo: string | undefined, tag: string | undefined): string | undefined {
  if (repo === undefined || repo === "") return undefined;
  const parsed = parseImageName(repo);
  if (parsed.digest !== undefined) throw new Refusal(400, "an image is not named by a digest");
  return taggedName(parseImageName(taggedName({ repository: parsed.repository, tag: tag === undefined || tag === "" ? parsed.tag : tag })));
}

/** A stream of lines of JSON that are all known. */
function lines(all: readonly unknown[]): Answer {
  return { kind: "stream", type: "application/json", body: Readable.from(all.map((one) => `${JSON.stringify(one)}\r\n`)) };
}

function bodyOf({ source }: { readonly source: { readonly kind: string; readonly request: Readable } }): Readable {
  if (source.kind !== "plain") throw new Refusal(400, "files come without an upgrade");
  return gathered(source.request, { pieceBytes: DISK_PIECE_BYTES });
}

async function create(guard: Guard, call: Parameters<typeof bodyOf>[0] & { readonly gone: AbortSignal }, query: CreateQuery): Promise<Answer> {
  const { fromImage = "", fromSrc = "", repo, tag, message = "", changes = [], platform = "" } = query;
  if (fromImage !== "" && fromSrc !== "") throw new Refusal(400, "an image is pulled or imported, not both");
  if (fromImage !== "") return pull(guard, { fromImage, tag: tag ?? "", platform, gone: call.gone });
  if (fromSrc !== "-") throw new Refusal(403, "the engine fetches nothing for a sandbox: fetch it yourself, and send it (docker import FILE)");
  const image = await importImage(guard, bodyOf(call), { name: nameOf(repo, tag), message, changes });
  guard.events.tell({ type: "image", action: "import", id: image.id, attributes: { name: image.id } });
  return lines([{ status: image.id }]);
}

function pull(guard: Guard, wanted: Parameters<typeof pullImage>[1]): Promise<Answer> | Answer {
  const { fromImage, tag } = wanted;
  // Ryuk's is answered and never run: nothing has to be brought.
  if (isRyuk(tag === "" ? fromImage : `${fromImage}:${tag}`)) return lines([{ status: `Status: Image is up to date for ${fromImage}` }]);
  return pullImage(guard, wanted);
}

interface CreateQuery {
  readonly fromImage?: string | undefined;
  readonly fromSrc?: string | undefined;
  readonly repo?: string | undefined;
  readonly tag?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  readonly platform?: string | undefined;
}

async function prune(guard: Guard, { dangling, label, until }: Filters<"dangling" | "label" | "until">): Promise<unknown> {
  if (until !== undefined) throw new Refusal(400, "images are pruned by label, not by time");
  const all = dangling?.some((one) => one === "false" || one === "0") === true;
  const used = new Set(guard.containers.all().map(({ record }) => record.imageId));
  const before = guard.images.usedBytes();
  const removed: Removed[] = [];
  for (const image of guard.images.all()) {
    if (used.has(image.id) || (!all && image.names.length > 0)) continue;
    if (label !== undefined && !labelsFit(visibleLabels(await imageFacts(guard, image)), label)) continue;
    removed.push(...(await removeWhole(guard, image)));
  }
  return { ImagesDeleted: removed, SpaceReclaimed: before - guard.images.usedBytes() };
}

async function pruneSteps(guard: Guard): Promise<unknown> {
  const before = guard.images.usedBytes();
  const steps = guard.images.steps();
  for (const { id } of steps) await guard.images.remove(id);
  return { CachesDeleted: steps.map(({ id }) => id.slice("sha256:".length, "sha256:".length + 25)), SpaceReclaimed: before - guard.images.usedBytes() };
}

async function save(guard: Guard, names: readonly string[], gone: AbortSignal): Promise<Answer> {
  if (names.length === 0 || names.length > 32) throw new Refusal(400, "name 1 to 32 images");
  const all = await allImages(guard);
  const found = await Promise.all(
    names.map(async (name) => {
      const image = await findImage(guard, name);
      // An image is saved under the names that were asked for, or by its id under none.
      const asked =
        /^(?:sha256:)?[0-9a-f]{4,64}$/.test(name) && !image.tags.includes(`${name}:latest`) ? [] : image.tags.filter((tag) => tag === name || tag === `${name}:latest` || tag.endsWith(`/${name}`));
      return { id: image.id, tags: asked };
    }),
  );
  const ids = [...new Set(found.map(({ id }) => id))];
  const images = ids.map((id) => ({ id: all.find((one) => one.id === id)?.id ?? id, tags: [...new Set(found.filter((one) => one.id === id).flatMap(({ tags }) => tags))] }));
  return { kind: "file", type: "application/x-tar", body: await saveImages(guard, images, gone) };
}

/** Images: made, brought, named, given away, removed. */
export const IMAGE_LIFE_ROUTES: readonly GuardRoute[] = [
  route("POST images/create", {
    means: "brings an image from a registry as the rules of pulls allow, or makes one of a tar that is sent (fromSrc=-)",
    query: queryOf({ fromImage: text(512), fromSrc: text(512), repo: text(512), tag: text(512), message: text(1024), changes: Changes, platform: Platform }),
    repeats: ["changes"],
    body: "file",
    handle: ({ guard, query, source, gone }) => create(guard, { source, gone }, query),
  }),
  route("POST images/load", {
    means: "takes images as docker save writes them; layers are written anew and named by what they are",
    query: queryOf({ quiet: Flag, platform: Platform }),
    body: "file",
    handle: async ({ guard, source }) => {
      const loaded = await loadImages(guard, bodyOf({ source }));
      for (const { id } of loaded) guard.events.tell({ type: "image", action: "load", id, attributes: { name: id } });
      return lines(loaded.flatMap(({ id, names }) => (names.length === 0 ? [{ stream: `Loaded image ID: ${id}\n` }] : names.map((name) => ({ stream: `Loaded image: ${name}\n` })))));
    },
  }),
  route("GET images/get", {
    means: "gives images as a tar, under the sandbox's names for them",
    query: queryOf({ names: z.array(text(512)).max(32), platform: Platform }),
    repeats: ["names"],
    handle: ({ guard, query: { names = [] }, gone }) => save(guard, names, gone),
  }),
  route("GET images/{name*}/get", { means: "the same of one", query: queryOf({ platform: Platform }), handle: ({ guard, param, gone }) => save(guard, [param], gone) }),
  route("POST images/{name*}/tag", {
    means: "gives it a further name, which this sandbox alone knows",
    query: queryOf({ repo: text(512), tag: text(128), force: Flag }),
    handle: async ({ guard, param, query: { repo, tag } }) => {
      const { id } = await findImage(guard, param);
      const name = nameOf(repo, tag);
      if (name === undefined) throw new Refusal(400, "repo is missing");
      await guard.images.adopt({ id });
      await guard.images.name({ id }, name);
      guard.events.tell({ type: "image", action: "tag", id, attributes: { name } });
      return { kind: "empty", status: 201 };
    },
  }),
  route("DELETE images/{name*}", {
    means: "takes a name from an image of the sandbox, or removes it with its last one",
    query: queryOf({ force: Flag, noprune: Flag }),
    handle: async ({ guard, param, query: { force = false } }) => json(await removeImage(guard, param, { force })),
  }),
  route("POST images/prune", {
    means: "removes images of the sandbox that have no name, or with dangling=false all that no container has",
    query: queryOf({ filters: filterParameter(["dangling", "label", "until"]) }),
    handle: async ({ guard, query: { filters = {} } }) => json(await prune(guard, filters)),
  }),
  route("POST build/prune", {
    means: "forgets the steps of builds",
    query: queryOf({ all: Flag, filters: text(4096), "keep-storage": text(20), "reserved-space": text(20), "max-used-space": text(20), "min-free-space": text(20) }),
    handle: async ({ guard }) => json(await pruneSteps(guard)),
  }),
  route("POST commit", {
    means: "makes an image of a container's files",
    query: queryOf({ container: text(128), repo: text(512), tag: text(128), comment: text(1024), author: text(512), pause: Flag, changes: Changes }),
    repeats: ["changes"],
    body: CommitBody,
    handle: async ({ guard, query: { container = "", repo, tag, comment = "", author = "", pause = true, changes = [] }, body }) => {
      const image = await commitContainer(guard, guard.containers.find(container), { name: nameOf(repo, tag), comment, author, pause, changes, config: body });
      return json({ Id: image.id }, 201);
    },
  }),
  route("POST images/{name*}/push", {
    means: "gives an image to a registry where a rule of pushes allows it; credentials that a client sends are not used",
    query: queryOf({ tag: text(128), platform: Platform }),
    body: "file",
    handle: ({ guard, param, query: { tag = "" }, gone }) => pushImage(guard, { name: param, tag, gone }),
  }),
];
