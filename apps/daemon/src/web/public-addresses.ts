import { isIP, isIPv6 } from "node:net";
import { guardAddress, type Resolve } from "@sbx/egress-proxy";

/** Gives the addresses of a host of a URL. Rejects when one of them is not of the public internet, or none is found. */
export type PublicAddresses = (hostname: string) => Promise<readonly string[]>;

/** What a host name leads to, where that is neither private, link-local, of this machine nor otherwise special. */
export function createPublicAddresses({ resolve, own }: { readonly resolve: Resolve; readonly own: () => readonly string[] }): PublicAddresses {
  return async (hostname) => {
    const bare = hostname.replace(/^\[(.*)\]$/, "$1");
    const addresses = isIP(bare) === 0 ? await resolve(bare) : [bare];
    for (const address of addresses) {
      const guarded = guardAddress(address, own());
      if (guarded !== undefined) throw new NotPublic(`it is at ${address}, which is ${guarded.what}`);
    }
    return addresses;
  };
}

/** A host that is not of the public internet. */
export class NotPublic extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "NotPublic" });
  }
}

/** The addresses in the form in which Node's `lookup` gives all of them. */
export function asLookup(addresses: readonly string[]): { readonly address: string; readonly family: 4 | 6 }[] {
  return addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}
