/** What one line of Ryuk's protocol asks to have removed: things with all of these labels. */
export interface FilterLine {
  /** `name` or `name=value`. */
  readonly labels: readonly string[];
}

const MAX_LABELS = 32;

/** Read a line as Ryuk does: a query with `label` any number of times. `undefined`: it would remove what nobody meant. */
export function readFilterLine(line: string): FilterLine | undefined {
  const query = new URLSearchParams(line.trim());
  const pairs = [...query];
  if (pairs.length === 0 || pairs.length > MAX_LABELS || pairs.some(([name, value]) => name !== "label" || value === "" || value.startsWith("="))) return undefined;
  return { labels: pairs.map(([, label]) => label) };
}
