import type { PathView } from "@sbx/contracts";
import type { PlaceInside } from "./place-inside.ts";

/** Words that every image's own tools understand: those of GNU and of busybox. */
export const FILES_ENV = { LC_ALL: "C" } as const;

/** The command that says what lies at a path; {@link readStat} reads what it prints. */
export function statCommand(path: string, follow: boolean): readonly string[] {
  return ["stat", ...(follow ? ["-L"] : []), "-c", "%f %s %Y", "--", path];
}

/** The command that writes a tar of a place to its stdout, its root named as the place. */
export function packCommand({ path, parent, name, contents }: PlaceInside, follow: boolean): readonly string[] {
  const links = follow ? ["-h"] : [];
  return contents || name === "" ? ["tar", "-c", ...links, "-f", "-", "-C", path, "--", "."] : ["tar", "-c", ...links, "-f", "-", "-C", parent, "--", name];
}

/** The command that unpacks the tar on its stdin into a directory. */
export function unpackCommand(directory: string): readonly string[] {
  return ["tar", "-x", "-f", "-", "-C", directory];
}

const KINDS: Readonly<Record<number, PathView["kind"]>> = { 0o100000: "file", 0o040000: "directory", 0o120000: "link" };

/** Read what {@link statCommand} printed; `undefined` for anything else. */
export function readStat(path: string, text: string): PathView | undefined {
  const [, mode, size, time] = /^([0-9a-f]{1,8}) (\d{1,15}) (-?\d{1,12})\n$/.exec(text) ?? [];
  if (mode === undefined) return undefined;
  const bits = Number.parseInt(mode, 16);
  const modified = new Date(Number(time) * 1000);
  return { path, kind: KINDS[bits & 0o170000] ?? "other", sizeBytes: Number(size), mode: bits & 0o7777, ...(Number.isNaN(modified.getTime()) ? {} : { modifiedAt: modified.toISOString() }) };
}
