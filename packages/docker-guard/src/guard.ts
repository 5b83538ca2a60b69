import type { SandboxId } from "@sbx/contracts";
import { TurnQueue } from "@sbx/core";
import { EventHub, type GuardEvent } from "./events.ts";
import { removeLeftSteps } from "./build/build-container.ts";
import { knownChild } from "./life/known-child.ts";
import { summaries } from "./owned/summaries.ts";
import type { GuardLimits } from "./limits.ts";
import type { OwnedContainer } from "./owned/container-record.ts";
import { Addresses } from "./owned/addresses.ts";
import { OwnedContainers } from "./owned/owned-containers.ts";
import { OwnedExecs } from "./owned/owned-execs.ts";
import { OwnedImages } from "./owned/owned-images.ts";
import { OwnedNetworks } from "./owned/owned-networks.ts";
import { OwnedPlaces } from "./owned/owned-places.ts";
import { OwnedVolumes } from "./owned/owned-volumes.ts";
import { Quota } from "./owned/quota.ts";
import { OwnedReapers } from "./reaper/owned-reapers.ts";
import { Seal } from "./owned/seal.ts";
import { Attached } from "./streams/attached.ts";
import type { GuardBinds, GuardEngine, GuardImages, GuardPods } from "./ports.ts";

/** What the guard of one sandbox is made from. */
export interface GuardParts {
  readonly sandbox: SandboxId;
  readonly engine: GuardEngine;
  readonly pods: GuardPods;
  readonly binds: GuardBinds;
  readonly images: GuardImages;
  /** Labels by which the daemon knows all its things. */
  readonly owner: Readonly<Record<string, string>>;
  /** At least 32 bytes, the same over restarts, known to the daemon alone. */
  readonly key: Uint8Array;
  readonly limits: GuardLimits;
  /** Directory for what a client sends, until it was read; nothing in it outlives the guard. */
  readonly spool: string;
  readonly now: () => Date;
  /** Told of faults of ours, which clients are not told. */
  readonly onFault: (error: unknown) => void;
  /** Told of what happens to things of the sandbox. */
  readonly onEvent?: (event: GuardEvent) => void;
  /** Told of calls that were refused because they may not be made. */
  readonly onRefused?: (refused: RefusedCall) => void;
}

/** A call that was refused. */
export interface RefusedCall {
  readonly method: string;
  /** Without its query; short, and nothing that a terminal would obey. */
  readonly path: string;
  readonly status: number;
  readonly message: string;
}

/** All that the routes of one sandbox's guard work with. */
export class Guard implements AsyncDisposable {
  readonly parts: GuardParts;
  readonly seal: Seal;
  readonly containers: OwnedContainers;
  readonly volumes: OwnedVolumes;
  readonly networks: OwnedNetworks;
  readonly execs: OwnedExecs;
  readonly addresses: Addresses;
  readonly images: OwnedImages;
  readonly places: OwnedPlaces;
  readonly reapers: OwnedReapers;
  readonly streams: Quota;
  readonly uploads: Quota;
  readonly builds: Quota;
  /** Images come from registries one after the other, and wait for each other rather than being refused. */
  readonly pulls = new TurnQueue();
  /** Where there is a limit over all containers, they start one after the other. */
  readonly starts = new TurnQueue();
  /** By container: what the engine mounts its part of the workspace for. */
  readonly mounting = new TurnQueue();
  /** By container: its joining and leaving of networks. */
  readonly moves = new TurnQueue();
  readonly attached = new Attached();
  /** Pods that are being closed, by container. */
  readonly #releases = new Map<string, Promise<void>>();
  #events: EventHub | undefined;

  private constructor(parts: GuardParts) {
    const { sandbox, engine, limits, now, owner, key } = parts;
    const prefix = `sbx-${sandbox.slice(4)}`;
    this.parts = parts;
    this.seal = new Seal({ key, sandbox, owner });
    this.containers = new OwnedContainers({ prefix: `${prefix}.c.`, limit: limits.containers });
    this.volumes = new OwnedVolumes({ engine, seal: this.seal, prefix: `${prefix}.v.`, limit: limits.volumes, now });
    this.networks = new OwnedNetworks({ engine, seal: this.seal, prefix: `${prefix}.n.`, limit: limits.networks, now });
    this.images = new OwnedImages({ engine, seal: this.seal, sandbox, limit: limits.images, limitBytes: limits.imageBytes, now });
    this.places = new OwnedPlaces({ engine, seal: this.seal, prefix: `${prefix}.p.`, now });
    this.reapers = new OwnedReapers(this);
    this.execs = new OwnedExecs({ engine, limit: limits.execs });
    this.addresses = new Addresses(() => this.containers.all().flatMap(({ endpoints }) => endpoints.map(({ address }) => address)));
    this.streams = new Quota({ what: "open streams", limit: limits.streams });
    this.uploads = new Quota({ what: "uploads at once", limit: limits.uploads });
    this.builds = new Quota({ what: "builds at once", limit: limits.builds });
  }

  /** Read what the engine keeps for the sandbox, then follow it. */
  static async open(parts: GuardParts): Promise<Guard> {
    const guard = new Guard(parts);
    guard.#events = await EventHub.start({
      engine: parts.engine,
      labels: guard.seal.filter("child"),
      known: (id) => guard.containers.known(id),
      onDestroyed: (id) => guard.destroyed(id),
      onResumed: () => guard.reconcile(),
      now: parts.now,
    });
    if (parts.onEvent !== undefined) guard.#events.listen(parts.onEvent);
    await guard.volumes.restore();
    await guard.networks.restore();
    await guard.images.restore();
    await removeLeftSteps(guard);
    await guard.reconcile();
    await guard.#restorePlaces();
    await guard.#resume();
    return guard;
  }

  get events(): EventHub {
    if (this.#events === undefined) throw new Error("the guard is not open");
    return this.#events;
  }

  async reconcile(): Promise<void> {
    for (const gone of await this.containers.restore(this.parts.engine, this.seal)) await this.#release(gone);
  }

  /** A container is gone: so are its pod and what was its alone. Whoever tells it, and however often: resolves when they are gone. */
  async destroyed(id: string): Promise<void> {
    const gone = this.containers.forget(id);
    if (gone !== undefined)
      this.#releases.set(
        id,
        this.#release(gone).finally(() => this.#releases.delete(id)),
      );
    await this.#releases.get(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reapers[Symbol.asyncDispose]();
    await this.#events?.[Symbol.asyncDispose]();
    await Promise.all(this.#releases.values());
  }

  async #restorePlaces(): Promise<void> {
    const there = new Set(this.containers.all().map(({ id }) => id));
    for (const [id, endpoints] of await this.places.restore(there)) this.containers.place(id, endpoints);
  }

  /** Give the children that there are their pods back, and those that run their ports. */
  async #resume(): Promise<void> {
    const running = new Set((await summaries(this)).filter(({ State }) => State === "running" || State === "paused").map(({ Id }) => Id));
    const all = this.containers.all();
    const published = await this.parts.pods.resume(all.map((container) => knownChild(this, container, running.has(container.id))));
    for (const { id, record } of all) this.containers.publish(id, published.get(record.pod) ?? []);
  }

  async #release({ id, record, asked }: OwnedContainer): Promise<void> {
    this.execs.forgetContainer(id);
    this.attached.end(id);
    try {
      await this.parts.pods.close(record.pod);
      await this.parts.binds.release(record.pod);
      await this.places.forget(id);
      if (asked.HostConfig?.AutoRemove === true) await this.removeAnonymousVolumes(record.mounts);
    } catch (error) {
      this.parts.onFault(error);
    }
  }

  /** Volumes without a name go with their container, unless another one has them too. */
  async removeAnonymousVolumes(mounts: readonly { readonly type: string; readonly source: string }[]): Promise<void> {
    for (const { source } of mounts.filter(({ type }) => type === "volume")) {
      const volume = this.volumes.all().find(({ name, anonymous }) => name === source && anonymous);
      const shared = this.containers.all().some(({ record }) => record.mounts.some((one) => one.type === "volume" && one.source === source));
      if (volume !== undefined && !shared) await this.volumes.remove(volume);
    }
  }
}
