/** Counts the tokens of a text whose words are short; its time may grow with the square of a word's length. */
export type CountPiece = (text: string) => number;

/** Longest run of one kind that is counted as a whole; no word of a language and no identifier is longer. */
const MOST_RUN = 64;
const LONG_RUN = /[\p{L}\p{M}]{65,}|\s{65,}|[^\s\p{L}\p{M}\p{N}]{65,}/gu;
/** What is counted of one text; the rest is taken to cost as much for each character. */
const MOST_COUNTED = 256 << 10;

/** Count a text that a stranger wrote, in a time that grows with its length alone. Long runs are cut, which adds a token here and there. */
export function countText(text: string, count: CountPiece): number {
  const head = text.slice(0, MOST_COUNTED);
  let tokens = 0;
  let from = 0;
  for (const run of head.matchAll(LONG_RUN)) {
    tokens += count(head.slice(from, run.index));
    for (let at = 0; at < run[0].length; at += MOST_RUN) tokens += count(run[0].slice(at, at + MOST_RUN));
    from = run.index + run[0].length;
  }
  tokens += count(head.slice(from));
  return head.length === text.length ? tokens : Math.ceil((tokens / head.length) * text.length);
}
