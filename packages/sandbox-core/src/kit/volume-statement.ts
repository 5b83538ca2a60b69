import { isSameSize } from "./kit-size.ts";

interface Statement {
  readonly size?: string | undefined;
  readonly mode?: string | undefined;
}

/** Whether two Kits state the same of a volume, in whatever words; what is not stated is another thing than its default. */
export function sameStatement(one: Statement, other: Statement): boolean {
  const mode = ({ mode: text }: Statement): number | undefined => (text === undefined ? undefined : Number.parseInt(text, 8));
  if (mode(one) !== mode(other)) return false;
  return one.size === undefined || other.size === undefined ? one.size === other.size : isSameSize(one.size, other.size);
}
