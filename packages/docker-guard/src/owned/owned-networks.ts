import { createHash, randomBytes } from "node:crypto";
import * as z from "zod";
import { VolumeList } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { GuardEngine } from "../ports.ts";
import { noSuch, Refusal } from "../refusal.ts";
import { findReference } from "./find-reference.ts";
import { Quota } from "./quota.ts";
import type { Seal } from "./seal.ts";

const NetworkRecord = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  internal: z.boolean(),
  attachable: z.boolean(),
  /** Third number of its addresses. */
  subnet: z.int().min(0).max(255),
  created: z.string(),
});

/** A network of this sandbox: a record and nothing else. The engine has none of it, so none of it reaches the host. */
export type OwnedNetwork = z.infer<typeof NetworkRecord>;

/** The network of containers that join no other. */
export const BRIDGE = "bridge";
/** Networks that every engine has; the engine's own are never meant. */
const BUILT_IN = [BRIDGE, "host", "none"];

/** The networks of one sandbox. Each is kept as the label of an empty volume, because the engine keeps volumes. */
export class OwnedNetworks {
  readonly #all = new Map<string, OwnedNetwork>();
  readonly #engine: GuardEngine;
  readonly #seal: Seal;
  readonly #prefix: string;
  readonly #quota: Quota;
  readonly #now: () => Date;
  readonly #bridge: OwnedNetwork;

  constructor({ engine, seal, prefix, limit, now }: { readonly engine: GuardEngine; readonly seal: Seal; readonly prefix: string; readonly limit: number; readonly now: () => Date }) {
    this.#engine = engine;
    this.#seal = seal;
    this.#prefix = prefix;
    this.#now = now;
    this.#quota = new Quota({ what: "networks", limit, used: () => this.#all.size });
    const id = createHash("sha256").update(`${prefix}${BRIDGE}`).digest("hex");
    this.#bridge = { id, name: BRIDGE, labels: {}, internal: false, attachable: false, subnet: 0, created: now().toISOString() };
  }

  /** The one that everybody has first. */
  all(): readonly OwnedNetwork[] {
    return [this.#bridge, ...this.#all.values()];
  }

  withId(id: string): OwnedNetwork | undefined {
    return id === this.#bridge.id ? this.#bridge : this.#all.get(id);
  }

  /** @throws Refusal 404 */
  find(reference: string): OwnedNetwork {
    const found = findReference(this.all(), reference);
    if (found === undefined) throw noSuch("network", reference);
    return found;
  }

  /** @throws Refusal 409 when the name is taken */
  async create(wanted: Pick<OwnedNetwork, "name" | "labels" | "internal" | "attachable">): Promise<OwnedNetwork> {
    if (BUILT_IN.includes(wanted.name)) throw new Refusal(403, `operation is not permitted on predefined ${wanted.name} network`);
    this.#refuseTaken(wanted.name);
    using _place = this.#quota.take();
    const network = { ...wanted, id: randomBytes(32).toString("hex"), subnet: this.#freeSubnet(), created: this.#now().toISOString() };
    // Known before it is kept: of two at once with one name the second is refused.
    this.#all.set(network.id, network);
    const answer = await this.#engine.call({
      method: "POST",
      path: ["volumes", "create"],
      body: { Name: this.#volume(network), Driver: "local", Labels: this.#seal.labels("child-network", JSON.stringify(network)) },
    });
    if (answer.status === 201) return network;
    this.#all.delete(network.id);
    throw refusalOf(answer, "the network could not be kept");
  }

  async remove(network: OwnedNetwork): Promise<void> {
    const answer = await this.#engine.call({ method: "DELETE", path: ["volumes", this.#volume(network)] });
    if (answer.status !== 204 && answer.status !== 404) throw refusalOf(answer, "the network could not be removed");
    this.#all.delete(network.id);
  }

  /** Read what the engine keeps for this sandbox. */
  async restore(): Promise<void> {
    const { body } = await this.#engine.call({ method: "GET", path: ["volumes"], query: { filters: JSON.stringify({ label: this.#seal.filter("child-network") }) } });
    for (const { Name, Labels } of VolumeList.parse(body).Volumes ?? []) {
      const text = this.#seal.open("child-network", Labels);
      const record = text === undefined ? undefined : NetworkRecord.parse(JSON.parse(text));
      if (record !== undefined && Name === this.#volume(record)) this.#all.set(record.id, record);
    }
  }

  #freeSubnet(): number {
    const used = new Set(this.all().map(({ subnet }) => subnet));
    for (let subnet = 1; subnet <= 255; subnet += 1) if (!used.has(subnet)) return subnet;
    throw new Refusal(409, "all addresses of networks are taken; remove some networks");
  }

  #volume({ id }: Pick<OwnedNetwork, "id">): string {
    return `${this.#prefix}${id}`;
  }

  #refuseTaken(name: string): void {
    if (this.all().some((one) => one.name === name)) throw new Refusal(409, `network with name ${name} already exists`);
  }
}
