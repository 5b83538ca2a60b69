const WORD = /\s*((?:[^\s'"\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+)/y;
const PART = /\\([^])|'([^']*)'|"((?:[^"\\]|\\[^])*)"|([^'"\\]+)/g;

/** Split a text into words as a shell does, with quotes and backslashes and nothing else; `undefined` when a quote is left open. */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    WORD.lastIndex = at;
    const word = WORD.exec(text)?.[1];
    if (word === undefined) return undefined;
    words.push(Array.from(word.matchAll(PART), plainPart).join(""));
    at = WORD.lastIndex;
  }
  return words;
}

function plainPart([, escaped, single, double, plain]: RegExpExecArray): string {
  return escaped ?? single ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? plain ?? "";
}
