import type { PublishedPort } from "@sbx/core";
import type { GuardEngine } from "../ports.ts";
import { noSuch, Refusal } from "../refusal.ts";
import { readContainerRecord, type Endpoint, type OwnedContainer } from "./container-record.ts";
import { ContainerSummaries, type ContainerSummary } from "../engine/engine-answers.ts";
import { findReference } from "./find-reference.ts";
import type { Seal } from "./seal.ts";
import { Quota } from "./quota.ts";

/** The containers of one sandbox: what is not in here does not exist for it. */
export class OwnedContainers {
  readonly #all = new Map<string, OwnedContainer>();
  /** Of those that went: what late events are about. */
  readonly #gone = new Map<string, OwnedContainer>();
  readonly quota: Quota;
  /** Before a name in the engine: names are unique there, and here per sandbox. */
  readonly #prefix: string;

  constructor({ prefix, limit }: { readonly prefix: string; readonly limit: number }) {
    this.#prefix = prefix;
    this.quota = new Quota({ what: "containers", limit, used: () => this.#all.size });
  }

  /** The name in the engine. */
  engineName(name: string): string {
    return `${this.#prefix}${name}`;
  }

  add(container: OwnedContainer): void {
    this.#all.set(container.id, container);
  }

  rename(id: string, name: string): void {
    const known = this.#all.get(id);
    if (known !== undefined) this.#all.set(id, { ...known, name });
  }

  publish(id: string, published: readonly PublishedPort[]): void {
    const known = this.#all.get(id);
    if (known !== undefined) this.#all.set(id, { ...known, published });
  }

  /** It is in these networks now, and in no others. */
  place(id: string, endpoints: readonly Endpoint[]): void {
    const known = this.#all.get(id);
    if (known !== undefined) this.#all.set(id, { ...known, endpoints });
  }

  /** @returns what was known of it */
  forget(id: string): OwnedContainer | undefined {
    const known = this.#all.get(id);
    if (known === undefined) return undefined;
    this.#all.delete(id);
    this.#gone.set(id, known);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > 64 && oldest !== undefined) this.#gone.delete(oldest);
    return known;
  }

  all(): readonly OwnedContainer[] {
    return [...this.#all.values()];
  }

  /** One that is there, or went lately. */
  known(id: string): OwnedContainer | undefined {
    return this.#all.get(id) ?? this.#gone.get(id);
  }

  /** @throws Refusal 404 */
  find(reference: string): OwnedContainer {
    const found = findReference(this.#all.values(), reference.replace(/^\//, ""));
    if (found === undefined) throw noSuch("container", reference);
    return found;
  }

  /** @throws Refusal 409 */
  refuseTaken(name: string): void {
    const other = this.all().find((one) => one.name === name);
    if (other !== undefined)
      throw new Refusal(409, `Conflict. The container name "/${name}" is already in use by container "${other.id}". You have to remove (or rename) that container to be able to reuse that name.`);
  }

  /** Bring what is known in line with the engine: after a restart of the guard, or of the engine. @returns what went */
  async restore(engine: GuardEngine, seal: Seal): Promise<readonly OwnedContainer[]> {
    const { body } = await engine.call({ method: "GET", path: ["containers", "json"], query: { all: "1", filters: JSON.stringify({ label: seal.filter("child") }) } });
    const found = ContainerSummaries.parse(body);
    for (const summary of found.toSorted((a, b) => a.Created - b.Created)) this.#restoreOne(summary, seal);
    const there = new Set(found.map(({ Id }) => Id));
    return this.all()
      .filter(({ id }) => !there.has(id))
      .map(({ id }) => this.forget(id))
      .filter((one) => one !== undefined);
  }

  /** A record counts once, and for the container in its own pod: what else carries its labels is a copy of somebody's. */
  #restoreOne({ Id, Names, Labels, HostConfig }: ContainerSummary, seal: Seal): void {
    const text = seal.open("child", Labels);
    const found = text === undefined || this.#all.has(Id) ? undefined : readContainerRecord(text);
    const name = Names.map((one) => one.replace(/^\//, "")).find((one) => one.startsWith(this.#prefix));
    if (found === undefined || name === undefined || HostConfig.NetworkMode !== `container:${found.record.gate}`) return;
    if (this.all().some(({ record }) => record.pod === found.record.pod)) return;
    this.add({ id: Id, name: name.slice(this.#prefix.length), ...found, published: [], endpoints: found.record.endpoints });
  }
}
