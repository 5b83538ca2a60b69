/** Addresses of names that no rule can allow: the kernel of the pod refuses them at once, except on port 80. */
const NETWORK = "198.19";
const LAST = 65_534;
/** Names kept at once. An address is given again only after all others: some 65,000 look-ups later. */
const KEPT = 4096;

/** In memory only: such an address leads to a refusal and nowhere else, so that forgetting one opens nothing. */
export class RefusedNames {
  readonly #byAddress = new Map<string, string>();
  readonly #byName = new Map<string, string>();
  #last = 0;

  /** The name's address for the moment. */
  addressFor(name: string): string {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    this.#last = (this.#last % LAST) + 1;
    const address = `${NETWORK}.${this.#last >> 8}.${this.#last & 255}`;
    this.#byAddress.set(address, name);
    this.#byName.set(name, address);
    this.#forgetOldest();
    return address;
  }

  nameOf(address: string): string | undefined {
    return this.#byAddress.get(address);
  }

  /** Whether it is one of this kind, known or not. */
  static includes(address: string): boolean {
    return address.startsWith(`${NETWORK}.`);
  }

  #forgetOldest(): void {
    if (this.#byAddress.size <= KEPT) return;
    for (const [address, name] of this.#byAddress) {
      this.#byAddress.delete(address);
      this.#byName.delete(name);
      return;
    }
  }
}
