/** Words that say nothing about what is looked for. */
const EMPTY_WORDS = new Set([
  "a",
  "an",
  "and",
  "as",
  "at",
  "by",
  "for",
  "from",
  "in",
  "into",
  "is",
  "it",
  "its",
  "mcp",
  "of",
  "on",
  "or",
  "server",
  "servers",
  "that",
  "the",
  "this",
  "to",
  "with",
  "your",
]);

/** The words of a text as they are indexed and looked for: small letters, apart at every sign, in the singular. */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !EMPTY_WORDS.has(word)).map(singular);
}

/** The words of names of tools, which are also apart where `camelCase` begins a new one. */
export function wordsOfNames(text: string): string[] {
  return [...new Set([...wordsOf(text), ...wordsOf(text.replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2"))])];
}

function singular(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && /(?:s|x|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return word.length > 3 && word.endsWith("s") && !/(?:ss|us|is)$/.test(word) ? word.slice(0, -1) : word;
}
