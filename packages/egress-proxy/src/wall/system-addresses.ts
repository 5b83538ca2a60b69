import { networkInterfaces } from "node:os";

const ADDRESSES_MS = 1000;

/** Tell the addresses of this machine on every interface. Listing them takes longer than deciding, so one list serves a second. */
export function createSystemAddresses(): () => readonly string[] {
  let list: readonly string[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - readAt > ADDRESSES_MS) {
      list = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
      readAt = performance.now();
    }
    return list;
  };
}
