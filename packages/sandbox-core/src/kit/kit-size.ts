/** A size of the Kit grammar with units of 1024, such as `1.5g`, in whole bytes; a part of a byte is left out. Exact for any number. */
export function sizeBytes(text: string): number {
  const [, whole = "0", fraction = "", unit = ""] = /^([0-9]+)(?:\.([0-9]+))?\s*([kmgt])?/iu.exec(text) ?? [];
  const factor = 1024n ** BigInt(["", "k", "m", "g", "t"].indexOf(unit.toLowerCase()));
  return Number((BigInt(`${whole}${fraction}`) * factor) / 10n ** BigInt(fraction.length));
}
