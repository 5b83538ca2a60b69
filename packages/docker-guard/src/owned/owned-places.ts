import { randomBytes } from "node:crypto";
import * as z from "zod";
import { VolumeList } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { GuardEngine } from "../ports.ts";
import { Endpoint } from "./container-record.ts";
import type { Seal } from "./seal.ts";

const PlacesRecord = z.object({ container: z.string(), endpoints: z.array(Endpoint), changed: z.iso.datetime() });
type PlacesRecord = z.infer<typeof PlacesRecord>;

/** Where containers are in networks since it was changed: what a container's own record says is how it was made. */
export class OwnedPlaces {
  readonly #engine: GuardEngine;
  readonly #seal: Seal;
  readonly #prefix: string;
  readonly #now: () => Date;
  /** Volume of each container's record. */
  readonly #volumes = new Map<string, string>();

  constructor({ engine, seal, prefix, now }: { readonly engine: GuardEngine; readonly seal: Seal; readonly prefix: string; readonly now: () => Date }) {
    this.#engine = engine;
    this.#seal = seal;
    this.#prefix = prefix;
    this.#now = now;
  }

  async write(container: string, endpoints: readonly Endpoint[]): Promise<void> {
    const record: PlacesRecord = { container, endpoints: [...endpoints], changed: this.#now().toISOString() };
    const volume = `${this.#prefix}${randomBytes(16).toString("hex")}`;
    const answer = await this.#engine.call({ method: "POST", path: ["volumes", "create"], body: { Name: volume, Driver: "local", Labels: this.#seal.labels("child-places", JSON.stringify(record)) } });
    if (answer.status !== 201) throw refusalOf(answer, "the networks of the container could not be kept");
    await this.forget(container);
    this.#volumes.set(container, volume);
  }

  async forget(container: string): Promise<void> {
    const volume = this.#volumes.get(container);
    this.#volumes.delete(container);
    if (volume !== undefined) await this.#erase(volume);
  }

  /** What is kept, of containers that there are; what else there is goes. */
  async restore(there: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly Endpoint[]>> {
    const { body } = await this.#engine.call({ method: "GET", path: ["volumes"], query: { filters: JSON.stringify({ label: this.#seal.filter("child-places") }) } });
    const found = (VolumeList.parse(body).Volumes ?? []).flatMap(({ Name, Labels }) => {
      const text = Name.startsWith(this.#prefix) ? this.#seal.open("child-places", Labels) : undefined;
      return text === undefined ? [] : [{ volume: Name, record: PlacesRecord.parse(JSON.parse(text)) }];
    });
    const places = new Map<string, readonly Endpoint[]>();
    // The latest of a container counts: the guard may have ended before it erased the one before.
    for (const { volume, record } of found.toSorted((a, b) => b.record.changed.localeCompare(a.record.changed))) {
      if (!there.has(record.container) || places.has(record.container)) {
        await this.#erase(volume);
        continue;
      }
      places.set(record.container, record.endpoints);
      this.#volumes.set(record.container, volume);
    }
    return places;
  }

  async #erase(volume: string): Promise<void> {
    const answer = await this.#engine.call({ method: "DELETE", path: ["volumes", volume] });
    if (answer.status !== 204 && answer.status !== 404) throw refusalOf(answer, "the networks of the container could not be changed");
  }
}
