/** Text of others without control and formatting characters, cut to `most` characters; tabs and line ends stay. */
export function plainText(text: string, most: number): string {
  const head = text.slice(0, most * 2).replaceAll(/\r\n?|[\u2028\u2029]/g, "\n");
  const clean = head.replaceAll(/[^\P{C}\n\t]/gu, "");
  return clean.length > most || text.length > most * 2 ? `${clean.slice(0, most)}…` : clean;
}
