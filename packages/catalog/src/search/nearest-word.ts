/** Edits of which a word of this length may be full and still be meant. */
export function editsAllowed(word: string): number {
  return word.length < 4 ? 0 : Math.min(3, Math.floor((word.length - 2) / 2));
}

/**
 * The word that was meant, of those that begin with the same letter: with the fewest edits (letters that are missing, too
 * many, wrong or swapped), and the first of several. A word without a digit never means one with digits. `undefined` when
 * none is near.
 */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const numbered = /\d/.test(word);
  let nearest: string | undefined;
  let least = editsAllowed(word) + 1;
  for (const candidate of known) {
    if (candidate.charCodeAt(0) !== word.charCodeAt(0) || (!numbered && /\d/.test(candidate)) || Math.abs(candidate.length - word.length) >= least) continue;
    const edits = editsBetween(word, candidate, least);
    if (edits >= least) continue;
    nearest = candidate;
    least = edits;
  }
  return nearest;
}

/** How many edits make one word of another; two letters that are swapped are one edit. `most` when there are so many or more. */
function editsBetween(one: string, other: string, most: number): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  let next: number[] = [];
  for (let row = 1; row <= one.length; row += 1) {
    next[0] = row;
    for (let at = 1; at <= other.length; at += 1) {
      const changed = cell(last, at - 1) + (one[row - 1] === other[at - 1] ? 0 : 1);
      const swapped = one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1] ? cell(before, at - 2) + 1 : most;
      next[at] = Math.min(cell(last, at) + 1, cell(next, at - 1) + 1, changed, swapped);
    }
    if (next.every((edits) => edits > most)) return most;
    [before, last, next] = [last, next, before];
  }
  return Math.min(most, cell(last, other.length));
}

/** A cell of a row; what lies outside is far away. */
function cell(row: readonly number[], at: number): number {
  return row[at] ?? Number.POSITIVE_INFINITY;
}
