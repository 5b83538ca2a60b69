/** Where Debian's clients look for packages, as the files of an image say it; `**` is the whole distribution's own domain. */
const DISTRIBUTION = ["**.debian.org:80", "**.debian.org:443"] as const;

/** Files of an image that name the hosts of its packages. */
export const SOURCE_FILES = ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"] as const;

/** The preset of destinations from which packages of the system come. */
export function packageHosts(): readonly string[] {
  return DISTRIBUTION;
}

/** The addresses that lists of sources name, in either of their forms; what is no plain web address is passed over. */
export function sourcesOf(texts: readonly string[]): readonly URL[] {
  const lines = texts.flatMap((text) => text.split("\n")).map((line) => line.replace(/#.*/, ""));
  const words = lines.flatMap((line) => {
    const oneLine = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1];
    const stanza = /^URIs:\s*(.+)$/i.exec(line)?.[1];
    return [...(oneLine === undefined ? [] : [oneLine]), ...(stanza?.trim().split(/\s+/) ?? [])];
  });
  const urls = words.flatMap((word) => {
    const url = URL.parse(word);
    return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "" ? [url] : [];
  });
  return [...new Map(urls.map((url) => [url.host + url.protocol, url])).values()];
}
