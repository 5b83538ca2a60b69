import { printable, Refusal } from "../refusal.ts";

/**
 * Find what a client means by a full id, a name, or a prefix of an id, among what the sandbox owns and nothing else.
 *
 * @throws Refusal 400 when a prefix fits more than one
 */
export function findReference<T extends { readonly id: string; readonly name: string }>(owned: Iterable<T>, reference: string): T | undefined {
  const all = [...owned];
  const exact = all.find(({ id }) => id === reference) ?? all.find(({ name }) => name === reference);
  if (exact !== undefined) return exact;
  if (!/^[0-9a-f]{1,64}$/.test(reference)) return undefined;
  const [one, two] = all.filter(({ id }) => id.startsWith(reference));
  if (two !== undefined) throw new Refusal(400, `multiple IDs found with provided prefix: ${printable(reference)}`);
  return one;
}
