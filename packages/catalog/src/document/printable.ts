const MAX_SHOWN = 600;

/** One line of at most 600 characters without control characters: what a stranger wrote goes to a terminal or an agent. */
export function printable(text: string): string {
  const line = text
    .slice(0, 2 * MAX_SHOWN)
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .trim();
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}

/** A text of several lines as people may read it: no control characters but line breaks, nothing that is not seen. */
export function readable(text: string): string {
  return text
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(/[^\P{Cc}\n]|\p{Cf}|[\u2028\u2029]/gu, (found) => (found === "\t" ? " " : ""))
    .trim();
}
