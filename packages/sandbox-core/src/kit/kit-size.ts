interface Size {
  /** The size is `parts` of `of` bytes. */
  readonly parts: bigint;
  readonly of: bigint;
}

/** A size of the Kit grammar with units of 1024, such as `1.5g`, in whole bytes; a part of a byte is left out. Exact up to 2^53. */
export function sizeBytes(text: string): number {
  const { parts, of } = readSize(text);
  return Number(parts / of);
}

/** Whether two sizes are the same to the last part of a byte, in whatever units they are written. */
export function isSameSize(one: string, other: string): boolean {
  const [left, right] = [readSize(one), readSize(other)];
  return left.parts * right.of === right.parts * left.of;
}

function readSize(text: string): Size {
  const [, whole = "0", fraction = "", unit = ""] = /^([0-9]+)(?:\.([0-9]+))?\s*([kmgt])?/iu.exec(text) ?? [];
  const factor = 1024n ** BigInt(["", "k", "m", "g", "t"].indexOf(unit.toLowerCase()));
  return { parts: BigInt(`${whole}${fraction}`) * factor, of: 10n ** BigInt(fraction.length) };
}
