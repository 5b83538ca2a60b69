import { randomBytes } from "node:crypto";
import * as z from "zod";
import { VolumeList, VolumeMade } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { GuardEngine } from "../ports.ts";
import { noSuch, Refusal } from "../refusal.ts";
import { Quota } from "./quota.ts";
import type { Seal } from "./seal.ts";

const VolumeRecord = z.object({ name: z.string(), labels: z.record(z.string(), z.string()), anonymous: z.boolean(), created: z.string() });

/** A volume of this sandbox. `id` is its name in the engine. */
export interface OwnedVolume extends z.infer<typeof VolumeRecord> {
  readonly id: string;
}

/** The volumes of one sandbox. */
export class OwnedVolumes {
  readonly #all = new Map<string, OwnedVolume>();
  readonly #engine: GuardEngine;
  readonly #seal: Seal;
  readonly #prefix: string;
  readonly #quota: Quota;
  readonly #now: () => Date;

  constructor({ engine, seal, prefix, limit, now }: { readonly engine: GuardEngine; readonly seal: Seal; readonly prefix: string; readonly limit: number; readonly now: () => Date }) {
    this.#engine = engine;
    this.#seal = seal;
    this.#prefix = prefix;
    this.#now = now;
    this.#quota = new Quota({ what: "volumes", limit, used: () => this.#all.size });
  }

  all(): readonly OwnedVolume[] {
    return [...this.#all.values()];
  }

  /** @throws Refusal 404 */
  find(name: string): OwnedVolume {
    const found = this.#all.get(name);
    if (found === undefined) throw noSuch("volume", name);
    return found;
  }

  /** The volume of this name, made when there is none; without a name one is made up, and it goes with its container. */
  async ensure(name: string | undefined, labels: Readonly<Record<string, string>> = {}): Promise<{ readonly volume: OwnedVolume; readonly made: boolean }> {
    const known = name === undefined ? undefined : this.#all.get(name);
    if (known !== undefined) return { volume: known, made: false };
    using _place = this.#quota.take();
    const record = { name: name ?? randomBytes(32).toString("hex"), labels: { ...labels }, anonymous: name === undefined, created: this.#now().toISOString() };
    const id = `${this.#prefix}${record.name}`;
    const answer = await this.#engine.call({ method: "POST", path: ["volumes", "create"], body: { Name: id, Driver: "local", Labels: this.#seal.labels("child-volume", JSON.stringify(record)) } });
    if (answer.status !== 201) throw refusalOf(answer, "the volume could not be made");
    // The engine gives a volume that is there already as if it had made it.
    if (this.#seal.open("child-volume", VolumeMade.parse(answer.body).Labels) === undefined) throw new Refusal(409, `the volume ${record.name} cannot be made: something else has its place`);
    const volume = { ...record, id };
    this.#all.set(record.name, volume);
    return { volume, made: true };
  }

  /** @throws Refusal 409 while a container has it */
  async remove({ name, id }: OwnedVolume): Promise<void> {
    const answer = await this.#engine.call({ method: "DELETE", path: ["volumes", id] });
    if (answer.status !== 204 && answer.status !== 404) throw refusalOf(answer, answer.status === 409 ? `remove ${name}: volume is in use` : "the volume could not be removed");
    this.#all.delete(name);
  }

  /** Read what the engine keeps for this sandbox. */
  async restore(): Promise<void> {
    const { body } = await this.#engine.call({ method: "GET", path: ["volumes"], query: { filters: JSON.stringify({ label: this.#seal.filter("child-volume") }) } });
    for (const { Name, Labels } of VolumeList.parse(body).Volumes ?? []) {
      const text = this.#seal.open("child-volume", Labels);
      const record = text === undefined ? undefined : VolumeRecord.parse(JSON.parse(text));
      if (record !== undefined && Name === `${this.#prefix}${record.name}`) this.#all.set(record.name, { ...record, id: Name });
    }
  }
}
