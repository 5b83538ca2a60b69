import { createHash } from "node:crypto";
import { lchown, mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { dirname, basename } from "node:path";
import * as z from "zod";
import { writeDurably } from "./journal.ts";
import { openAbsolute, openIn, type Identity } from "./open-place.ts";
import { targetOf, type Base } from "./plan.ts";

const Made = z.object({ version: z.literal(1), path: z.string(), dev: z.string().optional(), ino: z.string().optional(), holders: z.array(z.string()) });
type Made = z.infer<typeof Made>;

/**
 * Directories that we made in people's workspaces, so that an agent cannot make them. Several sandboxes may hold one;
 * the last takes it away, if it is still the one we made and still empty.
 */
export class MadeDirectories {
  readonly #directory: string;
  #last: Promise<unknown> = Promise.resolve();

  /** `directory` holds one small file for each, in the daemon's state. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Make the directory if it is missing, with the owner of the one above, and hold it. The intention is on the disk before the directory is. */
  async hold(holder: string, { base, path }: { readonly base: Base; readonly path: string }): Promise<void> {
    await this.#alone(async () => {
      const target = targetOf({ base, path });
      const known = await this.#read(target);
      const parent = openIn(base.place, dirname(path) === "." ? "" : dirname(path));
      if (typeof parent === "string") return;
      using above = parent;
      const there = identityIn(above, basename(path));
      if (there !== undefined && (known === undefined || !isSame(known, there))) return;
      await this.#write({ ...(known ?? { version: 1, path: target, holders: [] }), holders: [...new Set([...(known?.holders ?? []), holder])] });
      if (there === undefined) await this.#make({ target, parent: above.path, owner: above, holder, known });
    });
  }

  /** Let go of everything that this sandbox holds. */
  async release(holder: string): Promise<void> {
    await this.#alone(async () => {
      for (const name of await readdir(this.#directory).catch(() => [])) {
        const made = await this.#parse(`${this.#directory}/${name}`);
        if (made === undefined || !made.holders.includes(holder)) continue;
        const holders = made.holders.filter((other) => other !== holder);
        if (holders.length > 0) await this.#write({ ...made, holders });
        else {
          await removeMade(made);
          await rm(`${this.#directory}/${name}`, { force: true });
        }
      }
    });
  }

  /** Sandboxes that hold something. */
  async holders(): Promise<ReadonlySet<string>> {
    const all = await Promise.all((await readdir(this.#directory).catch(() => [])).map((name) => this.#parse(`${this.#directory}/${name}`)));
    return new Set(all.flatMap((made) => made?.holders ?? []));
  }

  async #make({
    target,
    parent,
    owner,
    holder,
    known,
  }: {
    readonly target: string;
    readonly parent: string;
    readonly owner: { readonly uid: number; readonly gid: number };
    readonly holder: string;
    readonly known: Made | undefined;
  }): Promise<void> {
    const at = `${parent}/${basename(target)}`;
    try {
      await mkdir(at, { mode: 0o755 });
      if (process.geteuid?.() === 0) await lchown(at, owner.uid, owner.gid);
    } catch (error) {
      // Somebody was there first, or took the place away meanwhile: what is mounted is checked when it is mounted.
      if (error instanceof Error && "code" in error && (error.code === "EEXIST" || error.code === "ENOENT")) return;
      throw error;
    }
    const opened = openAbsolute(target);
    if (typeof opened === "string") return;
    using made = opened;
    await this.#write({ version: 1, path: target, ...made.identity, holders: [...new Set([...(known?.holders ?? []), holder])] });
  }

  async #read(target: string): Promise<Made | undefined> {
    return this.#parse(this.#file(target));
  }

  async #parse(file: string): Promise<Made | undefined> {
    try {
      return Made.parse(JSON.parse(await readFile(file, "utf8")));
    } catch {
      return undefined;
    }
  }

  async #write(made: Made): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeDurably(this.#file(made.path), JSON.stringify(made));
  }

  #file(target: string): string {
    return `${this.#directory}/${createHash("sha256").update(target).digest("hex").slice(0, 32)}.json`;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function identityIn(parent: Parameters<typeof openIn>[0], name: string): Identity | undefined {
  const opened = openIn(parent, name);
  if (typeof opened === "string") return undefined;
  using place = opened;
  return place.identity;
}

function isSame(made: Made, there: Identity): boolean {
  return made.dev === undefined || (made.dev === there.dev && made.ino === there.ino);
}

/** Remove the directory if it is the one we made and empty. Whatever else stands at its name is left alone. */
async function removeMade(made: Made): Promise<void> {
  const opened = openAbsolute(dirname(made.path));
  if (typeof opened === "string") return;
  using parent = opened;
  const there = identityIn(parent, basename(made.path));
  if (there === undefined || !isSame(made, there)) return;
  await rmdir(`${parent.path}/${basename(made.path)}`).catch(() => undefined);
}
