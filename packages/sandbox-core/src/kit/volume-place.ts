import { isWithin } from "../workspace/protected-paths.ts";

/** Where programs and settings of every image are, and what the engine and sbx put into every sandbox. */
const KEPT = ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/run", "/sbin", "/sys", "/usr", "/var/lock", "/var/run"];
/** Engines write some mounts as one text, in which a comma or colon would begin the next word. */
const PLAIN = /^(?:\/(?!\.{1,2}(?:\/|$))[\p{L}\p{N}._@+~%=-]+)+$/u;

/** Whether a path has only what every program reads alike. */
export function isPlainPath(path: string): boolean {
  return PLAIN.test(path);
}

/** Why a Kit's volume, or a text for its agent, cannot lie at a path, which is clean, as a sentence without end; `undefined` when it can. What lies in the home is the home's. */
export function whyNoVolumeAt(path: string, home: string): string | undefined {
  if (!isPlainPath(path)) return "such a path has letters, digits and . _ - + @ ~ % = only, and is not the root";
  if (isWithin(path, home) && path !== home) return undefined;
  if (path.startsWith("/.")) return "what begins with a dot at the root belongs to sbx and the engine";
  if (isWithin(path, "/home")) return `of /home only what lies below ${home} is kept`;
  const kept = KEPT.find((tree) => isWithin(path, tree) || isWithin(tree, path));
  return kept === undefined ? undefined : `nothing of a Kit's lies over ${kept}`;
}
