import { nearestWord } from "./nearest-word.ts";

/** In which of many texts each word stands. */
export class WordPlaces {
  readonly #places = new Map<string, number[]>();
  /** All words by their first letter, those with digits apart: among such alone one is looked for that was meant. */
  readonly #alike = new Map<string, string[]>();
  #texts = 0;

  /** Take the words of the next text. */
  add(words: ReadonlySet<string>): void {
    for (const word of words) {
      const places = this.#places.get(word);
      if (places === undefined) this.#takeNew(word);
      else places.push(this.#texts);
    }
    this.#texts += 1;
  }

  /** In how many texts a word stands; `undefined` for one that stands in none. */
  count(word: string): number | undefined {
    return this.#places.get(word)?.length;
  }

  /** A word that stands somewhere: this one, or the one that was meant. */
  known(word: string): string | undefined {
    return this.#places.has(word) ? word : nearestWord(word, this.#alike.get(groupOf(word)) ?? []);
  }

  /** The texts in which most of these words stand, by number, best first: a rare word counts for more than a common one. */
  best(words: readonly string[], limit: number): readonly { readonly text: number; readonly score: number }[] {
    const scores = new Float64Array(this.#texts);
    const found: number[] = [];
    for (const word of words) {
      const places = this.#places.get(word) ?? [];
      const weight = Math.log(1 + this.#texts / Math.max(places.length, 1));
      for (const place of places) {
        if (scores[place] === 0) found.push(place);
        scores[place] = (scores[place] ?? 0) + weight;
      }
    }
    const levels = [...new Set(found.map((text) => scores[text] ?? 0))].toSorted((one, other) => other - one);
    const best: { readonly text: number; readonly score: number }[] = [];
    for (const level of levels) {
      if (best.length >= limit) break;
      for (const text of found) if (scores[text] === level && best.length < limit) best.push({ text, score: level });
    }
    return best;
  }

  #takeNew(word: string): void {
    this.#places.set(word, [this.#texts]);
    const group = groupOf(word);
    const alike = this.#alike.get(group);
    if (alike === undefined) this.#alike.set(group, [word]);
    else alike.push(word);
  }
}

function groupOf(word: string): string {
  return `${word.slice(0, 1)}${/\d/.test(word) ? "#" : ""}`;
}
