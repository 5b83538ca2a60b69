const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;

/** A strict dotted quad as an unsigned number: four decimal parts, no leading zeros. Everything else is `undefined`. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!OCTET.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** Write an unsigned 32-bit number as a dotted quad: the inverse of {@link parseIpv4}. */
export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The network of `prefix` bits that `address` lies in, by its first address. */
export function networkOf(address: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  return Math.floor(address / size) * size;
}
