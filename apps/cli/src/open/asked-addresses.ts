/** Longest address that is shown and opened. */
const LONGEST = 2048;
/** More than these are not asked for at once. */
const MOST = 5;

/**
 * The web addresses in what a sandbox wrote down, the newest last, each once: HTTP and HTTPS alone, without a login in them,
 * in their plain form, in which no character drives a terminal. What is none of these is passed over.
 */
export function askedAddresses(text: string): readonly string[] {
  const found = text.split("\n").flatMap((line) => {
    const url = line.length > LONGEST ? null : URL.parse(line);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:") || url.username !== "" || url.password !== "") return [];
    return /^[\x21-\x7e]+$/.test(url.href) && url.href.length <= LONGEST ? [url.href] : [];
  });
  return [...new Set(found)].slice(-MOST);
}
