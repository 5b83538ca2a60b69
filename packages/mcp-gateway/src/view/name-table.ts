import { createHash } from "node:crypto";
import { isReserved } from "./reserved-names.ts";

/** What a name in the view of a scope stands for. */
export interface NameOwner {
  readonly server: string;
  /** The server's own name of it. */
  readonly name: string;
}

/** What all clients and the models behind them take. */
const MAX_LENGTH = 64;
const LEGAL = /^[A-Za-z0-9_-]{1,64}$/;
const HASH_LENGTH = 8;
/** Names that one server can use up in the life of a scope; what it offers beyond them is left out. */
const NAMES_PER_SERVER = 10_000;

/**
 * Names under which a scope sees the tools (or prompts) of all its servers.
 *
 * A server's own name stays as it is, unless it is illegal, reserved, or taken: then it is `server__name`. A prefix that
 * an entry declares is always put before it. What is too long or still taken ends in a hash. A name keeps its meaning
 * as long as the scope lives: a server that comes later renames nothing, and the name of one that has gone is not
 * handed to another, so that a call meant for the one never reaches the other.
 */
export class NameTable {
  // Nearly all names stay as they are, in every scope: of those no more is kept than whose they are.
  readonly #servers = new Map<string, string>();
  /** What the server calls it, by a name that is not the server's own. */
  readonly #own = new Map<string, string>();
  readonly #changed = new Map<string, string>();
  readonly #used = new Map<string, number>();

  /** The name of something of a server, the same one each time; `undefined` when the server has used up its names. */
  nameOf({ server, name }: NameOwner, prefix?: string): string | undefined {
    if (this.#servers.get(name) === server && !this.#own.has(name)) return name;
    const key = `${server}\0${name}`;
    const known = this.#changed.get(key);
    if (known !== undefined) return known;
    const used = this.#used.get(server) ?? 0;
    if (used >= NAMES_PER_SERVER) return undefined;
    const chosen = this.#candidates({ server, name }, prefix).find((candidate) => LEGAL.test(candidate) && !isReserved(candidate) && !this.#servers.has(candidate));
    if (chosen === undefined) return undefined;
    this.#used.set(server, used + 1);
    this.#servers.set(chosen, server);
    if (chosen !== name) {
      this.#own.set(chosen, name);
      this.#changed.set(key, chosen);
    }
    return chosen;
  }

  /** What a name stands for, also when its server has gone; `undefined` for a name that was never given. */
  ownerOf(name: string): NameOwner | undefined {
    const server = this.#servers.get(name);
    return server === undefined ? undefined : { server, name: this.#own.get(name) ?? name };
  }

  #candidates({ server, name }: NameOwner, prefix: string | undefined): readonly string[] {
    const long = `${clean(prefix ?? server)}__${clean(name)}`;
    const hash = createHash("sha256").update(`${server}\0${name}`).digest("hex");
    // Of two different things one hash may be taken, not sixteen.
    const hashed = Array.from({ length: 16 }, (_, at) => `${long.slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash.slice(at, at + HASH_LENGTH)}`);
    return [...(prefix === undefined ? [name] : []), long, ...hashed];
  }
}

function clean(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, "_");
}
