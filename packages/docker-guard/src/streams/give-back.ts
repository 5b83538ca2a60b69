/** Smaller ones are left to the collector, and constants of libraries are smaller. */
const LEAST_BYTES = 16 << 10;

/**
 * Free the memory of a piece of a file that nobody reads any more, now rather than when garbage is collected: what lies outside
 * of the heap counts as pressure on it, and each few megabytes of a large file would be a collection of the daemon's whole heap.
 *
 * Only the owner of the last reference may call it; a piece that shares its memory with another is left as it is.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= LEAST_BYTES && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
