import { randomBytes } from "node:crypto";
import type { Guard } from "../guard.ts";
import { findReference } from "../owned/find-reference.ts";
import { Quota } from "../owned/quota.ts";
import { reap } from "./reap.ts";
import { Reaper } from "./reaper.ts";

/** How clients call the image of Ryuk, from whatever registry. */
const RYUK = /(?:^|\/)testcontainers\/ryuk(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/;
/** The port that Ryuk's image listens on. */
export const RYUK_PORT = 8080;
/** As long as Ryuk itself waits for a client to come back. */
const GRACE_MS = 10_000;
/** As long as Ryuk itself waits for its first client. */
const FIRST_MS = 60_000;

/** A container that is none: to its clients it looks like one that runs Ryuk. */
export interface OwnedReaper {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
  readonly reaper: Reaper;
  readonly hostPort: number;
}

/** Whether an image is the one of Ryuk, which is answered and never run: it would need the engine's socket. */
export function isRyuk(image: unknown): image is string {
  return typeof image === "string" && image.length < 512 && RYUK.test(image);
}

/** The reapers of one sandbox. They end with the guard; what they were to remove stays then until its sandbox goes. */
export class OwnedReapers implements AsyncDisposable {
  readonly #guard: Guard;
  readonly #all = new Map<string, OwnedReaper>();
  readonly quota: Quota;

  constructor(guard: Guard) {
    this.#guard = guard;
    this.quota = new Quota({ what: "reapers", limit: 8, used: () => this.#all.size });
  }

  all(): readonly OwnedReaper[] {
    return [...this.#all.values()];
  }

  find(reference: string): OwnedReaper | undefined {
    return findReference(this.#all.values(), reference.replace(/^\//, ""));
  }

  /** Note one; nothing listens before it is started. */
  create({ name, image, labels, hostPort }: Pick<OwnedReaper, "image" | "labels" | "hostPort"> & { readonly name: string | undefined }): OwnedReaper {
    const guard = this.#guard;
    const wanted = name ?? `ryuk-${randomBytes(6).toString("hex")}`;
    guard.containers.refuseTaken(wanted);
    using _place = this.quota.take();
    const id = randomBytes(32).toString("hex");
    const reaper = new Reaper({
      listen: (serve) => guard.parts.pods.listen(hostPort, serve),
      reap: (filters) => reap(guard, filters),
      onEnd: () => void this.#all.delete(id),
      onFault: guard.parts.onFault,
      graceMs: GRACE_MS,
      firstMs: FIRST_MS,
    });
    const owned = { id, name: wanted, image, labels, created: guard.parts.now(), reaper, hostPort };
    this.#all.set(id, owned);
    return owned;
  }

  async remove({ id, reaper }: OwnedReaper): Promise<void> {
    this.#all.delete(id);
    await reaper[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.all()) await this.remove(one);
  }
}
