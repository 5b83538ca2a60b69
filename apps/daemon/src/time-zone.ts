import { readlinkSync } from "node:fs";

const NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;
const LINK = "/etc/localtime";

/**
 * This machine's time zone, by IANA's name: what `TZ` says, else where the machine's own setting leads. Only where neither
 * gives a name it is asked of the engine of JavaScript, which takes long to begin with dates.
 */
export function timeZoneOf({ TZ = "" }: Readonly<Record<string, string | undefined>>, link: () => string = () => readlinkSync(LINK)): string {
  const stated = TZ.replace(/^:/, "");
  if (NAME.test(stated)) return stated;
  return linked(link) ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** UTC has several names, of which one is enough. */
function linked(link: () => string): string | undefined {
  try {
    const [, name = ""] = /\/zoneinfo\/(.*)$/.exec(link()) ?? [];
    if (/^(?:Etc\/)?(?:UTC|UCT|Universal|Zulu)$/.test(name)) return "UTC";
    return NAME.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}
