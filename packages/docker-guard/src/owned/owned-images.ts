import { randomBytes } from "node:crypto";
import type { SandboxId } from "@sbx/contracts";
import { TurnQueue, type EngineId } from "@sbx/core";
import * as z from "zod";
import { VolumeList } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { GuardEngine } from "../ports.ts";
import { noSuch, Refusal } from "../refusal.ts";
import { Quota } from "./quota.ts";
import type { Role, Seal } from "./seal.ts";

const ImageRecord = z.object({
  id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** Bytes of each layer that is there because of this sandbox, by its digest. */
  layers: z.record(z.string(), z.int()),
  created: z.iso.datetime(),
  /** Of a step of builds: what it was made from. Such an image is seen by builds alone. */
  step: z.string().optional(),
  /** References of the engine that are there because of this sandbox. */
  held: z.array(z.string()),
});
export type ImageRecord = z.infer<typeof ImageRecord>;

const ImageList = z.array(z.looseObject({ Id: z.string(), RepoTags: z.array(z.string()).nullish() }));
/** The engine's repositories of sandboxes' images begin so. */
const IMAGES_OF_SANDBOXES = "sbx-sandbox-image/";

const NameRecord = z.object({ name: z.string(), id: z.string(), created: z.iso.datetime() });
type NameRecord = z.infer<typeof NameRecord>;

/** An image that this sandbox made or brought. */
export interface OwnedImage extends Omit<ImageRecord, "id"> {
  readonly id: EngineId;
  /** "repository:tag", as the sandbox calls it; nobody else does. */
  readonly names: readonly string[];
}

/** What is to be kept. `lent`: the engine had it before. */
type KeptWish = Pick<ImageRecord, "id" | "layers" | "step"> & { readonly lent: boolean };

interface Kept<T> {
  readonly record: T;
  /** The empty volume whose label the record is. */
  readonly volume: string;
}

export interface OwnedImagesParts {
  readonly engine: GuardEngine;
  readonly seal: Seal;
  readonly sandbox: SandboxId;
  readonly limit: number;
  readonly limitBytes: number;
  readonly now: () => Date;
}

/**
 * The images of one sandbox. A name is a record of the guard's, so that no name of the engine's is ever made, moved or
 * seen: there an image has one reference, in a repository of the sandbox's own, that keeps it from being tidied away.
 */
export class OwnedImages {
  readonly #parts: OwnedImagesParts;
  /** Before a volume's name in the engine. */
  readonly #prefix: string;
  /** The engine's repository of this sandbox's images. */
  readonly #repository: string;
  readonly #images = new Map<string, Kept<ImageRecord>>();
  readonly #names = new Map<string, Kept<NameRecord>>();
  /** Changes wait for each other: of two at once each would write a record, and one would be of nobody. */
  readonly #changes = new TurnQueue();
  #comingBytes = 0;
  readonly quota: Quota;

  constructor(parts: OwnedImagesParts) {
    this.#parts = parts;
    this.#prefix = `sbx-${parts.sandbox.slice(4)}.i.`;
    this.#repository = `${IMAGES_OF_SANDBOXES}${parts.sandbox.slice(4)}`;
    this.quota = new Quota({ what: "images and steps of builds", limit: parts.limit, used: () => this.#images.size });
  }

  /** Steps of builds are not among them. */
  all(): readonly OwnedImage[] {
    return [...this.#images.values()].filter(({ record }) => record.step === undefined).map((kept) => this.#withNames(kept));
  }

  get(id: string): OwnedImage | undefined {
    const kept = this.#images.get(id);
    return kept === undefined ? undefined : this.#withNames(kept);
  }

  named(name: string): OwnedImage | undefined {
    const id = this.#names.get(name)?.record.id;
    return id === undefined ? undefined : this.get(id);
  }

  /** What was made last of the same. */
  step(key: string): OwnedImage | undefined {
    const kept = [...this.#images.values()].findLast(({ record }) => record.step === key);
    return kept === undefined ? undefined : this.#withNames(kept);
  }

  steps(): readonly OwnedImage[] {
    return [...this.#images.values()].filter(({ record }) => record.step !== undefined).map((kept) => this.#withNames(kept));
  }

  /** What the sandbox's layers take, each counted once. */
  usedBytes(): number {
    const layers = new Map([...this.#images.values()].flatMap(({ record }) => Object.entries(record.layers)));
    return [...layers.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** How much more there may be, beside what is on its way. */
  freeBytes(): number {
    return Math.max(0, this.#parts.limitBytes - this.usedBytes() - this.#comingBytes);
  }

  /** Take room for layers until disposed of: by then what was kept counts by itself. @throws Refusal 413 with this reason */
  room(bytes: number, reason: string): Disposable {
    if (bytes > this.freeBytes()) throw new Refusal(413, reason);
    this.#comingBytes += bytes;
    return { [Symbol.dispose]: () => void (this.#comingBytes -= bytes) };
  }

  /** Keep an image that the engine has. A step of builds becomes an ordinary image when it is kept as one. */
  keep(wanted: KeptWish): Promise<OwnedImage> {
    return this.#changes.take("", () => this.#keep(wanted));
  }

  async #keep(wanted: KeptWish): Promise<OwnedImage> {
    const known = this.#images.get(wanted.id);
    if (known !== undefined && (known.record.step === undefined || wanted.step !== undefined)) return this.#withNames(known);
    const held = known?.record.held ?? (await this.#hold(wanted));
    const record: ImageRecord = { id: wanted.id, layers: wanted.layers, created: this.#parts.now().toISOString(), held: [...held], ...(wanted.step === undefined ? {} : { step: wanted.step }) };
    const volume = await this.#write("child-image", record);
    this.#images.set(record.id, { record, volume });
    if (known !== undefined) await this.#erase(known.volume);
    return this.#withNames({ record, volume });
  }

  /** Make an image that is shared with the sandbox one of its own, too, so that it can have names of the sandbox's. */
  async adopt({ id }: { readonly id: string }): Promise<OwnedImage> {
    return this.get(id) ?? this.keep({ id, layers: {}, step: undefined, lent: true });
  }

  /** Call an image so; whatever was called so before is not any more. */
  name(image: { readonly id: string }, name: string): Promise<void> {
    return this.#changes.take("", () => this.#name(image, name));
  }

  async #name(image: { readonly id: string }, name: string): Promise<void> {
    const before = this.#names.get(name);
    if (before?.record.id === image.id) return;
    if (!this.#images.has(image.id)) throw noSuch("image", image.id);
    if (this.#names.size >= this.#parts.limit) throw new Refusal(409, `this sandbox has as many names of images as it may have (${this.#parts.limit}); remove some`);
    const record: NameRecord = { name, id: image.id, created: this.#parts.now().toISOString() };
    const volume = await this.#write("child-image-name", record);
    this.#names.set(name, { record, volume });
    if (before !== undefined) await this.#erase(before.volume);
  }

  unname(name: string): Promise<void> {
    return this.#changes.take("", () => this.#unname(name));
  }

  async #unname(name: string): Promise<void> {
    const kept = this.#names.get(name);
    if (kept === undefined) return;
    await this.#erase(kept.volume);
    this.#names.delete(name);
  }

  /** Forget an image with all its names, and have the engine remove it, unless somebody else has it too. */
  remove(id: string): Promise<void> {
    return this.#changes.take("", () => this.#remove(id));
  }

  async #remove(id: string): Promise<void> {
    const kept = this.#images.get(id);
    if (kept === undefined) return;
    for (const name of this.#withNames(kept).names) await this.#unname(name);
    for (const reference of kept.record.held) await this.#letGo(reference);
    await this.#erase(kept.volume);
    this.#images.delete(id);
  }

  /** Read what the engine keeps for this sandbox. */
  async restore(): Promise<void> {
    const there = new Set((await this.#list()).map(({ Id }) => Id));
    for (const { record, volume } of await this.#read("child-image", ImageRecord)) {
      // Whoever tidied the image away on the host left a record of nothing.
      if (there.has(record.id) && !this.#images.has(record.id)) this.#images.set(record.id, { record, volume });
      else await this.#erase(volume);
    }
    for (const kept of await this.#read("child-image-name", NameRecord)) {
      const { name, id } = kept.record;
      const other = this.#names.get(name);
      // A name was being moved when the guard ended: the later one counts.
      if (!this.#images.has(id) || (other !== undefined && other.record.created > kept.record.created)) {
        await this.#erase(kept.volume);
        continue;
      }
      if (other !== undefined) await this.#erase(other.volume);
      this.#names.set(name, kept);
    }
  }

  #withNames({ record }: Kept<ImageRecord>): OwnedImage {
    const names = [...this.#names.values()].filter(({ record: { id } }) => id === record.id).map(({ record: { name } }) => name);
    return { ...record, id: record.id, names };
  }

  /** @returns the reference by which the engine keeps it */
  async #hold({ id, lent }: { readonly id: string; readonly lent: boolean }): Promise<readonly string[]> {
    const { engine } = this.#parts;
    // An image that the host has without a name would be gone with our name for it.
    if (lent && !(await this.#isSandboxes(id))) return [];
    const tag = id.slice("sha256:".length);
    const answer = await engine.call({ method: "POST", path: ["images", id, "tag"], query: { repo: this.#repository, tag } });
    if (answer.status !== 201) throw refusalOf(answer, "the image could not be kept");
    return [`${this.#repository}:${tag}`];
  }

  /** Whether an image is there because a sandbox, this one or another, made or brought it. */
  async #isSandboxes(id: string): Promise<boolean> {
    const found = (await this.#list()).find(({ Id }) => Id === id);
    return found?.RepoTags?.some((tag) => tag.startsWith(IMAGES_OF_SANDBOXES)) === true;
  }

  async #list(): Promise<z.output<typeof ImageList>> {
    const { body } = await this.#parts.engine.call({ method: "GET", path: ["images", "json"], query: { all: "1" } });
    return ImageList.parse(body);
  }

  async #letGo(reference: string): Promise<void> {
    const answer = await this.#parts.engine.call({ method: "DELETE", path: ["images", reference], query: { noprune: "1" } });
    if (answer.status !== 200 && answer.status !== 404) throw refusalOf(answer, "the image could not be removed: a container may have it");
  }

  async #write(role: Role, record: ImageRecord | NameRecord): Promise<string> {
    const { engine, seal } = this.#parts;
    const volume = `${this.#prefix}${randomBytes(16).toString("hex")}`;
    const answer = await engine.call({ method: "POST", path: ["volumes", "create"], body: { Name: volume, Driver: "local", Labels: seal.labels(role, JSON.stringify(record)) } });
    if (answer.status !== 201) throw refusalOf(answer, "the image could not be kept");
    return volume;
  }

  async #erase(volume: string): Promise<void> {
    const answer = await this.#parts.engine.call({ method: "DELETE", path: ["volumes", volume] });
    if (answer.status !== 204 && answer.status !== 404) throw refusalOf(answer, "the image's record could not be removed");
  }

  async #read<T>(role: Role, schema: z.ZodType<T>): Promise<readonly Kept<T>[]> {
    const { engine, seal } = this.#parts;
    const { body } = await engine.call({ method: "GET", path: ["volumes"], query: { filters: JSON.stringify({ label: seal.filter(role) }) } });
    return (VolumeList.parse(body).Volumes ?? []).flatMap(({ Name, Labels }) => {
      const text = Name.startsWith(this.#prefix) ? seal.open(role, Labels) : undefined;
      return text === undefined ? [] : [{ record: schema.parse(JSON.parse(text)), volume: Name }];
    });
  }
}
