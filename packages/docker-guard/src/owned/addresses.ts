import { Refusal } from "../refusal.ts";

/** Two numbers that begin every address of a sandbox's networks: a part of the shared address space that nobody routes. */
const BLOCK = "100.127";
const FIRST = 2;
const LAST = 254;

/** Address at which the machine that the agent works on is in a network. */
export function gatewayOf(subnet: number): string {
  return `${BLOCK}.${subnet}.1`;
}

/** A network's addresses, as clients write them. */
export function blockOf(subnet: number): string {
  return `${BLOCK}.${subnet}.0/24`;
}

/** Length of the prefix in {@link blockOf}. */
export const PREFIX_LENGTH = 24;

/** Gives addresses in networks, no two at once. They mean something in the pods of one sandbox and nowhere else. */
export class Addresses {
  readonly #coming = new Set<string>();
  readonly #used: () => Iterable<string>;

  constructor(used: () => Iterable<string>) {
    this.#used = used;
  }

  /** The lowest address that is free; taken until disposed of: by then what got it counts by itself. @throws Refusal 409 */
  take(subnet: number): Disposable & { readonly address: string } {
    const used = new Set([...this.#used(), ...this.#coming]);
    for (let host = FIRST; host <= LAST; host += 1) {
      const address = `${BLOCK}.${subnet}.${host}`;
      if (used.has(address)) continue;
      this.#coming.add(address);
      return { address, [Symbol.dispose]: () => void this.#coming.delete(address) };
    }
    throw new Refusal(409, "no more containers fit into this network");
  }
}
